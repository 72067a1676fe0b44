// What a program with emersion's go-imap does: session PORT PASSWORD MAILDIR
package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strings"
	"syscall"
	"time"

	"github.com/emersion/go-imap"
	sortthread "github.com/emersion/go-imap-sortthread"
	"github.com/emersion/go-imap/client"
)

var (
	maildir          string
	checks, failures int
)

func check(what string, got, wanted interface{}) {
	checks++
	if fmt.Sprint(got) == fmt.Sprint(wanted) {
		fmt.Println("ok   " + what)
		return
	}
	failures++
	fmt.Printf("FAIL %s\n       got:    %v\n       wanted: %v\n", what, got, wanted)
}

func must(err error) {
	if err != nil {
		fmt.Println("FAIL", err)
		os.Exit(1)
	}
}

func files(folder string) []string {
	cur, _ := filepath.Glob(filepath.Join(maildir, folder, "cur", "*"))
	fresh, _ := filepath.Glob(filepath.Join(maildir, folder, "new", "*"))
	return append(cur, fresh...)
}

func octets(path string) string {
	text, err := os.ReadFile(path)
	must(err)
	return strings.ReplaceAll(strings.ReplaceAll(string(text), "\r\n", "\n"), "\n", "\r\n")
}

func deliver(name, text string) {
	var st syscall.Stat_t
	from := filepath.Join(maildir, "tmp", name)
	must(syscall.Stat(maildir, &st))
	must(os.WriteFile(from, []byte(text), 0600))
	must(os.Chown(from, int(st.Uid), int(st.Gid)))
	must(os.Rename(from, filepath.Join(maildir, "new", name)))
}

func set(text string) *imap.SeqSet {
	s, err := imap.ParseSeqSet(text)
	must(err)
	return s
}

func fetch(c *client.Client, which string, items ...imap.FetchItem) []*imap.Message {
	var all []*imap.Message
	ch := make(chan *imap.Message, 10)
	done := make(chan error, 1)
	go func() { done <- c.Fetch(set(which), items, ch) }()
	for m := range ch {
		all = append(all, m)
	}
	must(<-done)
	return all
}

func folders(c *client.Client) []string {
	var all []string
	ch := make(chan *imap.MailboxInfo, 10)
	done := make(chan error, 1)
	go func() { done <- c.List("", "*", ch) }()
	for m := range ch {
		all = append(all, m.Name)
	}
	must(<-done)
	return all
}

func reading(c *client.Client) []*imap.Message {
	box, err := c.Select("INBOX", false)
	must(err)
	check("as many messages as files", box.Messages, len(files("")))
	section := &imap.BodySectionName{Peek: true}
	all := fetch(c, "1:*", imap.FetchUid, imap.FetchFlags, imap.FetchEnvelope, imap.FetchBodyStructure,
		imap.FetchRFC822Size, imap.FetchInternalDate, section.FetchItem())
	check("all are fetched", len(all), box.Messages)
	var read, disk []string
	sized := 0
	for _, m := range all {
		text, err := io.ReadAll(m.GetBody(section))
		must(err)
		read = append(read, string(text))
		if int(m.Size) == len(text) {
			sized++
		}
	}
	for _, path := range files("") {
		disk = append(disk, octets(path))
	}
	sort.Strings(read)
	sort.Strings(disk)
	check("as they are", strings.Join(read, "\x00") == strings.Join(disk, "\x00"), true)
	check("with their sizes", sized, len(all))

	criteria := imap.NewSearchCriteria()
	criteria.Header.Add("Subject", "invoice")
	found, err := c.Search(criteria)
	must(err)
	wanted := 0
	for _, text := range disk {
		if regexp.MustCompile(`(?im)^Subject:.*invoice`).MatchString(strings.SplitN(text, "\r\n\r\n", 2)[0]) {
			wanted++
		}
	}
	check("search", len(found), wanted)
	sorted, err := sortthread.NewSortClient(c).Sort(
		[]sortthread.SortCriterion{{Field: sortthread.SortSize}}, imap.NewSearchCriteria())
	must(err)
	ascending := true
	for i := 1; i < len(sorted); i++ {
		ascending = ascending && all[sorted[i-1]-1].Size <= all[sorted[i]-1].Size
	}
	check("sort by size", ascending && len(sorted) == len(all), true)
	threads, err := sortthread.NewThreadClient(c).Thread(sortthread.References, imap.NewSearchCriteria())
	must(err)
	check("threads", len(threads) > 0 && len(threads) <= len(all), true)
	return all
}

func changing(c *client.Client, all []*imap.Message) {
	two := fmt.Sprintf("%d,%d", all[0].Uid, all[1].Uid)
	must(c.UidStore(set(two), imap.FormatFlagsOp(imap.AddFlags, true), []interface{}{imap.FlaggedFlag, "Label"}, nil))
	flagged := 0
	for _, path := range files("") {
		if regexp.MustCompile(`:2,[^,]*F`).MatchString(path) {
			flagged++
		}
	}
	check("flags are set on disk", flagged >= 2, true)
	trash := len(files(".Trash"))
	must(c.UidCopy(set(two), "Trash"))
	check("copies", len(files(".Trash")), trash+2)
	must(c.UidMove(set(two), "Trash"))
	check("moves", len(files(".Trash")), trash+4)
	check("... away from here", len(files("")), len(all)-2)
	must(c.Store(set("1"), imap.FormatFlagsOp(imap.AddFlags, true), []interface{}{imap.DeletedFlag}, nil))
	expunged := make(chan uint32, 10)
	must(c.Expunge(expunged))
	check("expunge", len(files("")), len(all)-3)
	text := "From: a@example.org\r\nSubject: from Go\r\n\r\nx\r\n"
	when := time.Date(2020, 2, 1, 10, 11, 12, 0, time.UTC)
	must(c.Append("Sent", []string{imap.SeenFlag}, when, bytes.NewBufferString(text)))
	there := 0
	for _, path := range files(".Sent") {
		if st, err := os.Stat(path); err == nil && octets(path) == text && st.ModTime().Equal(when) {
			there++
		}
	}
	check("appends, with its date", there, 1)
}

func making(c *client.Client) {
	must(c.Create("Архив/Новые"))
	check("Cyrillic folders are made", strings.Contains(strings.Join(folders(c), "|"), "Архив/Новые"), true)
	must(c.Subscribe("Архив/Новые"))
	must(c.Rename("Архив/Новые", "Renamed"))
	_, err := os.Stat(filepath.Join(maildir, ".Renamed", "cur"))
	check("and renamed", err, nil)
	status, err := c.Status("Renamed", []imap.StatusItem{imap.StatusMessages, imap.StatusUidNext})
	must(err)
	check("status", []uint32{status.Messages, status.UidNext}, []uint32{0, 1})
	must(c.Delete("Renamed"))
	must(c.Delete("Архив"))
	must(c.Unsubscribe("Архив/Новые"))
	check("and deleted", strings.Contains(strings.Join(folders(c), "|"), "Архив"), false)
}

func idling(c *client.Client) {
	updates := make(chan client.Update, 20)
	c.Updates = updates
	stop := make(chan struct{})
	done := make(chan error, 1)
	count := len(files(""))
	go func() { done <- c.Idle(stop, nil) }()
	time.Sleep(300 * time.Millisecond)
	deliver("1700000000.go", "Subject: delivered\n\nx\n")
	told := uint32(0)
	for limit := time.After(15 * time.Second); told == 0; {
		select {
		case update := <-updates:
			if box, ok := update.(*client.MailboxUpdate); ok {
				told = box.Mailbox.Messages
			}
		case <-limit:
			told = 1 << 31
		}
	}
	check("IDLE tells of a delivery", told, count+1)
	close(stop)
	must(<-done)
	c.Updates = nil
}

func main() {
	port, password := os.Args[1], os.Args[2]
	maildir = os.Args[3]
	c, err := client.Dial("127.0.0.1:" + port)
	must(err)
	c.Timeout = 30 * time.Second
	must(c.Login("demo", password))
	there, _ := filepath.Glob(filepath.Join(maildir, ".*", "cur"))
	listed := 0
	for _, name := range folders(c) {
		if _, err := c.Status(name, []imap.StatusItem{imap.StatusMessages}); err == nil {
			listed++
		}
	}
	check("every folder is listed, and has a status", listed, len(there)+1)
	changing(c, reading(c))
	making(c)
	idling(c)
	must(c.Logout())
	fmt.Printf("%d passed, %d failed\n", checks-failures, failures)
	if failures > 0 {
		os.Exit(1)
	}
}
