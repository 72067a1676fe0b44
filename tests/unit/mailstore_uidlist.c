/* The file dovecot-uidlist: mailstore/uidlist.h, and what a mailbox makes of a damaged one. */
#include "mailstore_mail.h"

#include "mailstore/uidlist.h"

#define GUID   "0123456789abcdef0123456789abcdef"
#define HEADER "3 V1700000000 N9 G" GUID "\n"

/* Parses text; the lines as "<uid>=<base> ...". */
static void parse(struct uidlist *list, const char *text, size_t n, bool locked, char *out,
                  size_t size)
{
    struct uidlist_lines lines;
    assert_true(uidlist_parse(list, text, n, locked, &lines));
    out[0] = '\0';
    for (size_t i = 0, at = 0; i < lines.count; i++)
        at += (size_t)snprintf(out + at, size - at, "%s%u=%.*s", i > 0 ? " " : "",
                               lines.line[i].uid, (int)lines.line[i].base_len,
                               lines.line[i].base);
    uidlist_lines_free(&lines);
}

static void expect(const char *text, uint32_t validity, uint32_t next, bool rewrite,
                   const char *want)
{
    struct uidlist list;
    char got[4096];
    parse(&list, text, strlen(text), true, got, sizeof got);
    assert_string_equal(got, want);
    assert_int_equal(list.uidvalidity, validity);
    if (validity != 0)
        assert_int_equal(list.next, next);
    assert_int_equal(list.rewrite, rewrite);
}

static void test_sound(void **state)
{
    (void)state;
    expect(HEADER "1 :a\n5 W12 S10 :b,S=1\n", 1700000000, 9, false, "1=a 5=b,S=1");
    expect(HEADER "1 :a\n50 :b\n", 1700000000, 51, false, "1=a 50=b");
    expect("3 V5 N9 Pfoo Xbar G" GUID " Zz\n", 5, 9, false, "");
    /* A name may have spaces, octets above 127 and '"'; what follows ':' is no part of it. */
    expect(HEADER "3 :a b\xff\"\n4 :c:2,S\n", 1700000000, 9, false, "3=a b\xff\" 4=c");
    /* Version 1, Courier's: to be written anew. */
    expect("1 77 12\n3 a,S=2\n11 b:2,S\n", 77, 12, true, "3=a,S=2 11=b");
    expect("3 V5 N9\n1 :a\n", 5, 9, true, "1=a");
    expect("3 V5 N9 Gxyz\n1 :a\n", 5, 9, true, "1=a");
}

static void test_damaged(void **state)
{
    (void)state;
    expect("", 0, 0, true, "");
    expect("garbage\n1 :a\n", 0, 0, true, "1=a");
    expect("3 V0 N9 G" GUID "\n1 :a\n", 0, 0, true, "1=a");
    expect("3 N9 G" GUID "\n1 :a\n", 0, 0, true, "1=a");
    expect("3 V5 Nx G" GUID "\n1 :a\n", 5, 2, true, "1=a");
    expect(HEADER "1 :a\nrubbish\n3 :c\n", 1700000000, 9, true, "1=a 3=c");
    expect(HEADER "1 :a\n2 b\n3 :c\n", 1700000000, 9, true, "1=a 3=c");
    expect(HEADER "1 :a\n2 :\n3 :c/d\n4 :e\n", 1700000000, 9, true, "1=a 4=e");
    expect(HEADER "1 :a\n0 :b\n99999999999 :c\n-4 :d\n", 1700000000, 9, true, "1=a");
    /* Broken order: one wrong number costs one line; its UID is not given again. */
    expect(HEADER "1 :a\n100 :b\n3 :c\n4 :d\n", 1700000000, 101, true, "1=a 3=c 4=d");
    expect(HEADER "1 :a\n2 :b\n1 :c\n3 :d\n", 1700000000, 9, true, "1=a 2=b 3=d");
    expect(HEADER "1 :a\n2 :b\n2 :c\n", 1700000000, 9, true, "1=a 2=b");
    /* Unless it is absurd: then it is the damage itself. */
    expect(HEADER "1 :a\n2000000000 :b\n3 :c\n4 :d\n", 1700000000, 9, true, "1=a 3=c 4=d");
}

/* A UID beyond what we give would fit no other place: one such line must not cost the folder.
 */
static void test_beyond_the_limit(void **state)
{
    (void)state;
    expect(HEADER "1 :a\n3000000000 :b\n", 1700000000, 9, true, "1=a");
    expect("3 V5 N3000000001 G" GUID "\n1 :a\n3000000000 :b\n", 5, 2, true, "1=a");
    expect("3 V5 N9 G" GUID "\n2147483646 :a\n2147483647 :b\n", 5, 2147483648U, false,
           "2147483646=a 2147483647=b");
    expect("3 V5 N2147483648 G" GUID "\n2147483647 :b\n2147483648 :c\n", 5, 2147483648U, true,
           "2147483647=b");
    expect("1 77 4000000000\n3 a\n3000000000 b\n", 77, 4, true, "3=a");
}

static void test_torn_line(void **state)
{
    (void)state;
    struct uidlist list;
    char got[200];
    static const char text[] = HEADER "1 :a\n2 :b";
    parse(&list, text, strlen(text), false, got, sizeof got);
    assert_string_equal(got, "1=a");
    assert_false(list.rewrite); /* somebody may be writing */
    assert_int_equal(list.offset, strlen(text) - 4);
    parse(&list, text, strlen(text), true, got, sizeof got);
    assert_string_equal(got, "1=a");
    assert_true(list.rewrite);
    /* What a power cut leaves on ext4: zeros. */
    static const char zeros[] = HEADER "1 :a\n\0\0\0\0\0\0";
    parse(&list, zeros, sizeof zeros - 1, true, got, sizeof got);
    assert_string_equal(got, "1=a");
    assert_true(list.rewrite);
}

static void write_list(const struct root *r, const char *text, size_t n)
{
    int fd =
        openat(store_root_fd(r->store), "dovecot-uidlist", O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, n), n);
    close(fd);
}

static const char *const cut_file[] = { "1.a:2,", "2.b,S=17:2,", "3.c:2,", "4.d:2," };
static const uint32_t cut_uid[] = { 2, 4, 7, 11 };

/* The files' texts differ in length: which of them has this UID? */
static size_t file_of(struct mailbox *mb, uint32_t uid)
{
    uint64_t octets = 0;
    assert_int_equal(mailbox_size(mb, uid, &octets), STORE_OK);
    return (size_t)octets - 1;
}

static void expect_cut(const struct root *r, const char *text, size_t cut)
{
    struct mailbox *mb = mail_open(r, "INBOX", true);
    struct message_info info;
    bool header = cut >= strlen("3 V1700000000 N9 ");
    size_t lines = 0;
    for (size_t i = 0; i < cut; i++)
        lines += text[i] == '\n';
    assert_int_equal(mail_messages(mb), 4);
    assert_int_equal(mailbox_uidvalidity(mb) == 1700000000, header);
    for (size_t i = 0; i + 1 < lines; i++) {
        assert_true(mailbox_get(mb, cut_uid[i], &info));
        assert_int_equal(file_of(mb, cut_uid[i]), i);
    }
    /* A UID whose line is gone is nobody's, or (by chance) its old owner's. But for a cut
     * between two lines, which nobody can see. */
    for (size_t i = 0; header && text[cut - 1] != '\n' && i < 4; i++)
        if (mailbox_get(mb, cut_uid[i], &info))
            assert_int_equal(file_of(mb, cut_uid[i]), i);
    uint32_t validity = mailbox_uidvalidity(mb);
    uint32_t next = mailbox_uidnext(mb);
    mailbox_close(mb);
    mb = mail_open(r, "INBOX", true); /* mended: nothing changes any more */
    assert_int_equal(mailbox_uidvalidity(mb), validity);
    assert_int_equal(mailbox_uidnext(mb), next);
    assert_int_equal(mail_messages(mb), 4);
    mailbox_close(mb);
}

/* A list cut at each octet: as far as it tells them, UIDVALIDITY and UIDs stay. */
static void test_cut_anywhere(void **state)
{
    const struct root *r = *state;
    static const char text[] = HEADER "2 :1.a\n4 :2.b,S=17\n7 W9 :3.c\n11 :4.d\n";
    for (size_t i = 0; i < 4; i++) {
        char path[64];
        snprintf(path, sizeof path, "cur/%s", cut_file[i]);
        root_write(r, path, &"xxxx"[3 - i]);
    }
    mail_settle();
    for (size_t cut = 0; cut <= strlen(text); cut++) {
        write_list(r, text, cut);
        root_forget_index(r);
        expect_cut(r, text, cut);
    }
}

static void test_preserved(void **state)
{
    const struct root *r = *state;
    root_write(r, "dovecot-uidlist",
               "3 V42 N9 Pv G" GUID " Xkeep\n1 W12 S10 :1.a\n2 Pabc O3 :2.b\n2 :3.c\n");
    root_write(r, "cur/1.a,S=10:2,", MAIL_TEXT);
    root_write(r, "cur/2.b:2,", MAIL_TEXT);
    root_write(r, "cur/3.c:2,", MAIL_TEXT);
    struct mailbox *mb = mail_open(r, "INBOX", true);
    mail_expect(mb, "1 2 11");
    mailbox_close(mb);
    root_expect(r, "dovecot-uidlist",
                "3 V42 N12 Pv G" GUID " Xkeep\n1 W12 S10 :1.a,S=10\n2 Pabc O3 :2.b\n11 :3.c\n");
}

static void test_v1_upgraded(void **state)
{
    const struct root *r = *state;
    root_write(r, "dovecot-uidlist", "1 77 12\n3 1.a\n11 2.b\n");
    root_write(r, "cur/1.a:2,", MAIL_TEXT);
    root_write(r, "cur/2.b:2,", MAIL_TEXT);
    struct mailbox *mb = mail_open(r, "INBOX", false);
    mail_expect(mb, "3 11");
    mailbox_close(mb);
    struct uidlist list = { 0 };
    struct uidlist_lines lines;
    enum uidlist_news news;
    assert_int_equal(uidlist_look(&list, store_root_fd(r->store), false, &news, &lines),
                     STORE_OK);
    assert_int_equal(news, UIDLIST_NEW);
    assert_int_equal(list.uidvalidity, 77);
    assert_int_equal(list.next, 12);
    assert_true(uidlist_has_guid(&list));
    assert_false(list.rewrite);
    assert_int_equal(lines.count, 2);
    uidlist_lines_free(&lines);
}

static void test_courier(void **state)
{
    const struct root *r = *state;
    root_write(r, "courierimapuiddb", "1 765432100 40\n5 1.M1.a,S=17\n30 2.M1.b\n");
    root_write(r, "cur/1.M1.a,S=17:2,S", MAIL_TEXT);
    root_write(r, "cur/2.M1.b:2,", MAIL_TEXT);
    root_write(r, "new/3.M1.c", MAIL_TEXT);
    struct mailbox *mb = mail_open(r, "INBOX", true);
    assert_int_equal(mailbox_uidvalidity(mb), 765432100);
    mail_expect(mb, "5S 30 40*");
    mailbox_close(mb);
    assert_true(root_has(r, "courierimapuiddb"));
    /* From now on ours counts. */
    root_write(r, "courierimapuiddb", "1 1 1\n");
    mb = mail_open(r, "INBOX", true);
    assert_int_equal(mailbox_uidvalidity(mb), 765432100);
    mail_expect(mb, "5S 30 40");
    mailbox_close(mb);
}

static void test_courier_without_mail(void **state)
{
    const struct root *r = *state;
    root_write(r, "courierimapuiddb", "1 765432100 40\n5 1.M1.a\n");
    struct mailbox *mb = mail_open(r, "INBOX", true);
    assert_int_equal(mailbox_uidvalidity(mb), 765432100);
    assert_int_equal(mailbox_uidnext(mb), 40);
    mail_expect(mb, "");
    mailbox_close(mb);
}

static void test_growing(void **state)
{
    const struct root *r = *state;
    int dir = store_root_fd(r->store);
    struct uidlist writer = { .uidvalidity = 9, .next = 1 };
    struct uidlist reader = { 0 };
    struct uidlist_lines lines;
    enum uidlist_news news;
    struct uidlist_line line = { .uid = 3, .fields = "", .base = "a", .base_len = 1 };
    assert_int_equal(uidlist_look(&reader, dir, false, &news, &lines), STORE_OK);
    assert_int_equal(news, UIDLIST_MISSING);
    uidlist_lines_free(&lines);
    assert_int_equal(uidlist_rewrite(&writer, dir, &line, 1), STORE_OK);
    assert_int_equal(uidlist_look(&reader, dir, false, &news, &lines), STORE_OK);
    assert_int_equal(news, UIDLIST_NEW);
    assert_int_equal(lines.count, 1);
    assert_int_equal(reader.next, 4);
    uidlist_lines_free(&lines);
    line = (struct uidlist_line){
        .uid = 4, .fields = "S1 ", .fields_len = 3, .base = "b", .base_len = 1
    };
    assert_int_equal(uidlist_append(&writer, dir, &line, 1), STORE_OK);
    assert_int_equal(uidlist_look(&reader, dir, false, &news, &lines), STORE_OK);
    assert_int_equal(news, UIDLIST_GROWN);
    assert_int_equal(lines.count, 1);
    assert_int_equal(lines.line[0].uid, 4);
    assert_int_equal(lines.line[0].fields_len, 3);
    uidlist_lines_free(&lines);
    assert_int_equal(uidlist_look(&reader, dir, false, &news, &lines), STORE_OK);
    assert_int_equal(news, UIDLIST_SAME);
    uidlist_lines_free(&lines);
    /* Somebody wrote behind our back: nothing is added to what we have not read. */
    struct uidlist blind = writer;
    blind.offset -= 1;
    line.uid = 5;
    assert_int_equal(uidlist_append(&blind, dir, &line, 1), STORE_UNAVAILABLE);
    line.uid = UID_LIMIT;
    assert_int_equal(uidlist_append(&writer, dir, &line, 1), STORE_LIMIT);
    struct uidlist tail;
    assert_true(uidlist_tail(&tail, dir));
    assert_int_equal(tail.next, 5);
    assert_int_equal(tail.offset, writer.offset);
    assert_int_equal(tail.uidvalidity, 9);
}

/* One look without the lock; the base names of what it hands out. */
static enum uidlist_news look(const struct root *r, struct uidlist *list, char *names,
                              size_t size)
{
    struct uidlist_lines lines;
    enum uidlist_news news = UIDLIST_MISSING;
    assert_int_equal(uidlist_look(list, store_root_fd(r->store), false, &news, &lines),
                     STORE_OK);
    names[0] = '\0';
    for (size_t i = 0, at = 0; i < lines.count; i++)
        at += (size_t)snprintf(names + at, size - at, "%.*s", (int)lines.line[i].base_len,
                               lines.line[i].base);
    uidlist_lines_free(&lines);
    return news;
}

static struct stat stat_list(const struct root *r)
{
    struct stat st;
    assert_int_equal(fstatat(store_root_fd(r->store), "dovecot-uidlist", &st, 0), 0);
    return st;
}

static void set_mtime(const struct root *r, struct timespec t)
{
    const struct timespec times[] = { { .tv_nsec = UTIME_OMIT }, t };
    assert_int_equal(utimensat(store_root_fd(r->store), "dovecot-uidlist", times, 0), 0);
}

/* A list that is read again once the clock has ticked, since it was made a moment ago, and then
 * not any more. */
static struct uidlist known_list(const struct root *r, const char *text)
{
    struct uidlist list = { 0 };
    char names[64];
    write_list(r, text, strlen(text));
    assert_int_equal(look(r, &list, names, sizeof names), UIDLIST_NEW);
    mail_settle();
    assert_int_equal(look(r, &list, names, sizeof names), UIDLIST_NEW);
    assert_int_equal(look(r, &list, names, sizeof names), UIDLIST_SAME);
    return list;
}

/* Another file of the same inode number and size: its mtime tells. */
static void test_same_size(void **state)
{
    const struct root *r = *state;
    static const char other[] = HEADER "1 :a\n2 :c\n";
    char names[64];
    struct uidlist list = known_list(r, HEADER "1 :a\n2 :b\n");
    write_list(r, other, strlen(other));
    assert_int_equal(look(r, &list, names, sizeof names), UIDLIST_NEW);
    assert_string_equal(names, "ac");
}

/* The same in one tick of the clock: seen late, not missed. */
static void test_same_tick(void **state)
{
    const struct root *r = *state;
    static const char text[] = HEADER "1 :a\n2 :b\n";
    static const char other[] = HEADER "1 :a\n2 :c\n";
    struct uidlist list = { 0 };
    char names[64];
    write_list(r, text, strlen(text));
    assert_int_equal(look(r, &list, names, sizeof names), UIDLIST_NEW);
    struct timespec mtime = stat_list(r).st_mtim;
    write_list(r, other, strlen(other));
    set_mtime(r, mtime);
    mail_settle();
    assert_int_equal(look(r, &list, names, sizeof names), UIDLIST_NEW);
    assert_string_equal(names, "ac");
    assert_int_equal(look(r, &list, names, sizeof names), UIDLIST_SAME);
}

/* Puts another file in the place of the list, whose number is used again at some time. */
static void replace_list(const struct root *r, const char *text, ino_t ino)
{
    int dir = store_root_fd(r->store);
    for (int i = 0; i < 100; i++) {
        int fd = openat(dir, "list.other", O_WRONLY | O_CREAT | O_EXCL, 0600);
        assert_true(fd >= 0);
        assert_int_equal(write(fd, text, strlen(text)), strlen(text));
        close(fd);
        assert_int_equal(renameat(dir, "list.other", dir, "dovecot-uidlist"), 0);
        if (stat_list(r).st_ino == ino)
            return;
    }
    skip(); /* not on this file system */
}

/* It is longer than the old one, and where that ended a line ends: the birth tells. */
static void test_number_again(void **state)
{
    const struct root *r = *state;
    char names[64];
    struct uidlist list = known_list(r, HEADER "1 :a\n2 :b\n");
    replace_list(r, HEADER "2 :b\n3 :c\n4 :d\n", stat_list(r).st_ino);
    if (list.born == 0)
        skip();
    assert_int_equal(look(r, &list, names, sizeof names), UIDLIST_NEW);
    assert_string_equal(names, "bcd");
}

/* What we have written ourselves is not read again, however young it is. */
static void test_own_writes(void **state)
{
    const struct root *r = *state;
    int dir = store_root_fd(r->store);
    struct uidlist list = { .uidvalidity = 9, .next = 1 };
    struct uidlist_line line = { .uid = 3, .fields = "", .base = "a", .base_len = 1 };
    char names[64];
    assert_int_equal(uidlist_rewrite(&list, dir, &line, 1), STORE_OK);
    assert_int_equal(look(r, &list, names, sizeof names), UIDLIST_SAME);
    line.uid = 4;
    assert_int_equal(uidlist_append(&list, dir, &line, 1), STORE_OK);
    struct uidlist tail;
    assert_true(uidlist_tail(&tail, dir));
    assert_true(uidlist_same_state(&tail, &list));
    assert_int_equal(look(r, &list, names, sizeof names), UIDLIST_SAME);
    line.uid = 5;
    assert_int_equal(uidlist_append(&tail, dir, &line, 1), STORE_OK);
    mail_settle();
    assert_int_equal(look(r, &tail, names, sizeof names), UIDLIST_SAME);
    assert_int_equal(look(r, &list, names, sizeof names), UIDLIST_GROWN);
    assert_int_equal(look(r, &list, names, sizeof names), UIDLIST_SAME);
}

static void test_tail(void **state)
{
    const struct root *r = *state;
    int dir = store_root_fd(r->store);
    struct uidlist list;
    assert_false(uidlist_tail(&list, dir));
    char *text = malloc(400000);
    assert_non_null(text);
    size_t n = (size_t)sprintf(text, "%s", HEADER);
    for (unsigned i = 1; i <= 5000; i++)
        n += (size_t)sprintf(text + n, "%u :17000%05u.M1P1.host,S=1,W=2\n", i, i);
    write_list(r, text, n);
    assert_true(uidlist_tail(&list, dir));
    assert_int_equal(list.next, 5001);
    assert_int_equal(list.offset, n);
    write_list(r, text, n - 1);
    assert_false(uidlist_tail(&list, dir));
    text[n - 500] = '\n';
    write_list(r, text, n);
    assert_false(uidlist_tail(&list, dir));
    free(text);
}

static void test_limit(void **state)
{
    const struct root *r = *state;
    root_write(r, "dovecot-uidlist", "3 V42 N2147483646 G" GUID "\n1 :1.a\n");
    root_write(r, "cur/1.a:2,", MAIL_TEXT);
    root_write(r, "new/2.b", MAIL_TEXT);
    struct mailbox *mb = mail_open(r, "INBOX", true);
    mail_expect(mb, "1 2147483646*");
    mail_deliver(r, "3.c");
    mail_refresh(mb);
    mail_expect(mb, "1 2147483646*");
    mailbox_close(mb);
}

/* A header that is full of fields nobody knows, and has no GUID: some of them go for it. */
static void test_full_header(void **state)
{
    const struct root *r = *state;
    char text[2000];
    size_t n = (size_t)snprintf(text, sizeof text, "3 V1700000000 N3");
    for (int i = 0; i < 500; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, i == 0 ? " Xfirst" : " X");
    snprintf(text + n, sizeof text - n, "\n2 :1.x\n");
    root_write(r, UIDLIST_NAME, text);
    struct uidlist list = { 0 };
    struct uidlist_lines lines;
    int dir = store_root_fd(r->store);
    assert_int_equal(uidlist_load(&list, dir, &lines), STORE_OK);
    assert_true(list.rewrite);
    assert_int_equal(uidlist_rewrite(&list, dir, lines.line, lines.count), STORE_OK);
    uidlist_lines_free(&lines);
    struct uidlist again = { 0 };
    assert_int_equal(uidlist_load(&again, dir, &lines), STORE_OK);
    assert_true(uidlist_has_guid(&again));
    assert_false(again.rewrite);
    assert_non_null(strstr(again.fields, " Xfirst X X "));
    assert_int_equal(again.uidvalidity, 1700000000);
    assert_int_equal(lines.count, 1);
    uidlist_lines_free(&lines);
}

static void test_compaction(void **state)
{
    const struct root *r = *state;
    char path[64];
    for (int i = 0; i < 200; i++) {
        snprintf(path, sizeof path, "%d.x", i + 1);
        mail_deliver(r, path);
    }
    struct mailbox *mb = mail_open(r, "INBOX", true);
    for (int i = 0; i < 150; i++) {
        snprintf(path, sizeof path, "cur/%d.x:2,", i + 1);
        mail_remove(r, path);
    }
    mail_settle();
    mail_refresh(mb);
    assert_int_equal(mail_messages(mb), 50);
    mail_deliver(r, "900.y");
    mail_settle();
    mail_refresh(mb);
    assert_int_equal(mail_messages(mb), 51);
    struct uidlist list = { 0 };
    struct uidlist_lines lines;
    enum uidlist_news news;
    assert_int_equal(uidlist_look(&list, store_root_fd(r->store), false, &news, &lines),
                     STORE_OK);
    assert_int_equal(lines.count, 51);
    assert_int_equal(list.next, 202);
    uidlist_lines_free(&lines);
    struct message_info info;
    assert_true(mailbox_is_gone(mb, 1));
    assert_true(mailbox_get(mb, 201, &info));
    mailbox_close(mb);
}

#define T(f) cmocka_unit_test_setup_teardown(f, mail_setup, mail_teardown)

/* --- GUIDs. ----------------------------------------------------------------------------------
 */

static void expect_line_guid(const char *text, const char *want)
{
    struct uidlist_line line;
    const char *guid = NULL;
    assert_true(uidlist_parse_line(3, text, text + strlen(text), &line));
    assert_int_equal(uidlist_line_guid(&line, &guid), strlen(want));
    if (*want != '\0')
        assert_memory_equal(guid, want, strlen(want));
}

static void test_guids_of_lines(void **state)
{
    (void)state;
    expect_line_guid("1 :G.a", "");
    expect_line_guid("1 S12 W13 :G.a", "");
    expect_line_guid("1 G12.M3P4.host,S=5 :a", "12.M3P4.host,S=5");
    expect_line_guid("1 S12 Gx W13 :a", "x");
    expect_line_guid("1 G :a", "");
    expect_line_guid("1 SGx :a", "");
}

/* What has lost it, or the whole file, keeps that of before; another folder's list does not. */
static void test_guid_is_kept(void **state)
{
    const struct root *r = *state;
    struct uidlist list = { .present = false };
    struct uidlist_lines lines;
    enum uidlist_news news;
    char guid[UIDLIST_GUID + 1];
    int dir = store_root_fd(r->store);
    root_write(r, UIDLIST_NAME,
               "3 V1700000000 N9 GABCDEF00112233445566778899aabbcc Xx\n1 :a\n");
    assert_int_equal(uidlist_look(&list, dir, true, &news, &lines), STORE_OK);
    uidlist_lines_free(&lines);
    assert_true(uidlist_guid(&list, guid));
    assert_string_equal(guid, "abcdef00112233445566778899aabbcc");
    mail_remove(r, UIDLIST_NAME);
    assert_int_equal(uidlist_look(&list, dir, true, &news, &lines), STORE_OK);
    uidlist_lines_free(&lines);
    assert_int_equal(news, UIDLIST_MISSING);
    assert_true(uidlist_guid(&list, guid));
    assert_string_equal(guid, "abcdef00112233445566778899aabbcc");
    list.uidvalidity = 1700000000;
    root_write(r, UIDLIST_NAME, "3 V1700000000 N9 Xx\n1 :a\n");
    assert_int_equal(uidlist_load(&list, dir, &lines), STORE_OK);
    assert_int_equal(uidlist_rewrite(&list, dir, lines.line, lines.count), STORE_OK);
    uidlist_lines_free(&lines);
    assert_true(uidlist_guid(&list, guid));
    assert_string_equal(guid, "abcdef00112233445566778899aabbcc");
    root_write(r, UIDLIST_NAME, "3 V1700000001 N9\n1 :a\n");
    assert_int_equal(uidlist_look(&list, dir, true, &news, &lines), STORE_OK);
    uidlist_lines_free(&lines);
    assert_int_equal(list.uidvalidity, 1700000001);
    assert_false(uidlist_guid(&list, guid));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sound),
        cmocka_unit_test(test_damaged),
        cmocka_unit_test(test_beyond_the_limit),
        cmocka_unit_test(test_torn_line),
        T(test_cut_anywhere),
        T(test_preserved),
        T(test_v1_upgraded),
        T(test_courier),
        T(test_courier_without_mail),
        T(test_growing),
        T(test_same_size),
        T(test_same_tick),
        T(test_number_again),
        T(test_own_writes),
        T(test_tail),
        T(test_limit),
        T(test_full_header),
        T(test_compaction),
        cmocka_unit_test(test_guids_of_lines),
        T(test_guid_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
