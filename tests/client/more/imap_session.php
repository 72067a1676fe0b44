<?php
// What a program with PHP's imap extension does: imap_session.php PORT PASSWORD MAILDIR
[, $port, $password, $maildir] = $argv;
$checks = $failures = 0;

function check($what, $got, $wanted)
{
    global $checks, $failures;
    $checks++;
    if ($got === $wanted) {
        echo "ok   $what\n";
        return;
    }
    $failures++;
    echo "FAIL $what\n       got:    ", json_encode($got), "\n       wanted: ", json_encode($wanted), "\n";
}

function files($folder = '')
{
    global $maildir;
    $found = [];
    foreach (['cur', 'new'] as $d)
        foreach (scandir("$maildir/$folder/$d") as $name)
            if ($name[0] != '.')
                $found[] = "$maildir/$folder/$d/$name";
    return $found;
}

function octets($path)
{
    return preg_replace('/\r?\n/', "\r\n", file_get_contents($path));
}

function having($flag, $folder = '')
{
    return count(preg_grep("/:2,[^,]*$flag/", files($folder)));
}

imap_timeout(IMAP_READTIMEOUT, 30);
$at = "{127.0.0.1:$port/imap/notls}";
$c = imap_open($at . 'INBOX', 'demo', $password) or exit("FAIL " . imap_last_error() . "\n");
$n = imap_num_msg($c);
check('as many messages as files', $n, count(files()));

// Folders.
$there = array_filter(scandir($maildir), fn($d) => $d[0] == '.' && is_dir("$maildir/$d/cur") && $d != '.' && $d != '..');
$listed = array_map(fn($f) => substr($f, strlen($at)), imap_list($c, $at, '*'));
check('every folder is listed', count(array_filter($there, fn($d) => !in_array(str_replace('.', '/', substr($d, 1)), $listed))), 0);
check('attributes are told', imap_getmailboxes($c, $at, 'Sent')[0]->delimiter, '/');

// Reading.
$read = [];
for ($i = 1; $i <= $n; $i++)
    $read[] = imap_fetchheader($c, $i) . imap_body($c, $i, FT_PEEK);
$disk = array_map('octets', files());
sort($read);
sort($disk);
check('all messages read as they are', md5(implode("\0", $read)), md5(implode("\0", $disk)));
$overview = imap_fetch_overview($c, "1:$n");
check('an overview of all', count($overview), $n);
check('with their sizes', array_sum(array_map(fn($o) => $o->size, $overview)), array_sum(array_map('strlen', $disk)));
$structures = array_filter(range(1, $n), fn($i) => is_object(imap_fetchstructure($c, $i)));
check('structures of all', count($structures), $n);
$parted = array_values(array_filter(range(1, $n), fn($i) => isset(imap_fetchstructure($c, $i)->parts)));
$part = imap_fetchbody($c, $parted[0], '1', FT_PEEK);
check('a part is a part of its message', $part !== '' && str_contains(imap_body($c, $parted[0], FT_PEEK), $part), true);
check('search', count(imap_search($c, 'SUBJECT "invoice"')),
    count(array_filter($disk, fn($t) => preg_match('/^Subject:.*invoice/mi', explode("\r\n\r\n", $t)[0]))));
$sorted = imap_sort($c, SORTSIZE, false);
$sizes = array_map(fn($i) => imap_fetch_overview($c, "$i")[0]->size, $sorted);
$ascending = $sizes;
sort($ascending);
check('sort by size', $sizes, $ascending);
$threads = imap_thread($c);
$members = array_filter($threads, fn($v, $k) => str_ends_with($k, '.num') && $v > 0, ARRAY_FILTER_USE_BOTH);
check('threads have everybody', count($members), $n);

// Changing.
check('flags are set', imap_setflag_full($c, '1:3', '\\Flagged \\Answered'), true);
check('... on disk', having('F') >= 3 && having('R') >= 3, true);
imap_clearflag_full($c, '1:3', '\\Flagged');
check('... and taken away', having('F'), count(imap_search($c, 'FLAGGED') ?: []));
$trash = count(files('.Trash'));
check('copy', imap_mail_copy($c, '1:2', 'Trash'), true);
check('... adds two', count(files('.Trash')), $trash + 2);
check('move', imap_mail_move($c, '1', 'Trash'), true);
imap_expunge($c);
check('... takes one from here', count(files()), $n - 1);
check('... and puts it there', count(files('.Trash')), $trash + 3);
$text = "From: a@example.org\r\nSubject: from PHP\r\n\r\nx\r\n";
check('append', imap_append($c, $at . 'Sent', $text, '\\Seen', '01-Feb-2020 10:11:12 +0000'), true);
$sent = array_values(array_filter(files('.Sent'), fn($p) => octets($p) === $text));
check('... as it was sent', count($sent), 1);
check('... with its date', filemtime($sent[0]), 1580551872);

// More folders.
$name = '&BBwEPgQ4- &BD8EOARBBEwEPAQw-'; // Мои письма
check('a Cyrillic folder is made', imap_createmailbox($c, $at . $name), true);
check('... on disk', is_dir("$maildir/.$name/cur"), true);
check('it is subscribed', imap_subscribe($c, $at . $name), true);
check('... and listed so', in_array($at . $name, imap_lsub($c, $at, '*')), true);
check('it is renamed', imap_renamemailbox($c, $at . $name, $at . 'Renamed'), true);
$status = imap_status($c, $at . 'Renamed', SA_ALL);
check('its status', [$status->messages, $status->uidnext], [0, 1]);
check('it is selected', imap_reopen($c, $at . 'Renamed'), true);
check('... and empty', imap_num_msg($c), 0);
imap_reopen($c, $at . 'INBOX');
check('it is deleted', imap_deletemailbox($c, $at . 'Renamed'), true);
imap_unsubscribe($c, $at . $name);

// A delivery is told by a ping.
$before = imap_num_msg($c);
file_put_contents("$maildir/tmp/1.php", "Subject: delivered\n\nx\n");
chown("$maildir/tmp/1.php", fileowner($maildir));
rename("$maildir/tmp/1.php", "$maildir/new/1700000000.php");
imap_ping($c);
check('a delivery is told', imap_num_msg($c), $before + 1);
check('it closes', imap_close($c), true);
foreach (array_merge(imap_errors() ?: [], imap_alerts() ?: []) as $error) {
    if (str_contains($error, 'insecure server advertised AUTH=')) // c-client's word for no TLS
        continue;
    echo "FAIL an error is left: $error\n";
    $failures++;
}
printf("%d passed, %d failed\n", $checks - $failures, $failures);
exit($failures > 0 ? 1 : 0);
