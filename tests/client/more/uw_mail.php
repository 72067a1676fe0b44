<?php
// A user of UW-IMAP, by its own library (c-client, in PHP's imap extension), on folders in ~/mail:
//   uw_mail.php make | more    fills them
//   uw_mail.php tell           says what is in them, as JSON
ini_set('display_errors', 'stderr');
const FOLDERS = ['mail/Sent', 'mail/&BBAEQARFBDgEMg-', 'mail/Work/2026', 'mail/Work/&- co', 'mail/empty'];

function done($good, $what)
{
    if (!$good) {
        fwrite(STDERR, "c-client: $what: " . imap_last_error() . "\n");
        exit(1);
    }
}

function message($n)
{
    return "Return-Path: <a@example.org>\r\nFrom: a@example.org\r\nSubject: number $n\r\n" .
        "Message-ID: <$n@example.org>\r\n\r\nFrom here to there: $n\r\n" . str_repeat("line of $n\r\n", $n % 7) .
        ($n % 3 ? '' : "From MAILER Mon Jan  5 10:00:00 2026\r\n") . ($n % 5 ? '' : "\r\n");
}

function append($c, $folder, $from, $to)
{
    $flags = ['', '\Seen', '\Seen \Answered', '\Flagged', '\Deleted \Seen', '\Draft'];
    for ($n = $from; $n < $to; $n++) {
        $date = sprintf('%02d-%s-2025 1%d:00:0%d %s', 1 + $n % 28, ['Jan', 'Jul'][$n % 2], $n % 10, $n % 6,
            ['+0000', '+0300', '-0830'][$n % 3]);
        done(imap_append($c, $folder, message($n), $flags[$n % 6], $date), "APPEND to $folder");
    }
}

$inbox = imap_open('INBOX', '', '');
done($inbox, 'INBOX');
switch ($argv[1]) {
    case 'make':
        foreach (FOLDERS as $i => $folder) {
            done(imap_createmailbox($inbox, $folder), "CREATE $folder");
            if ($i % 2 == 0)
                done(imap_subscribe($inbox, $folder), "SUBSCRIBE $folder");
        }
        foreach (array_slice(FOLDERS, 0, 4) as $i => $folder)
            append($inbox, $folder, 100 * $i, 100 * $i + 20);
        // Some UIDs are given and gone.
        $c = imap_open('mail/Sent', '', '');
        imap_delete($c, '3:5,20');
        done(imap_expunge($c), 'EXPUNGE');
        imap_setflag_full($c, '2', '\Seen Later');
        imap_setflag_full($c, '3:4', '$Forwarded NonJunk');
        imap_setflag_full($c, '4', 'Later');
        imap_close($c);
        break;
    case 'more':
        append($inbox, 'mail/Sent', 50, 55);
        $c = imap_open('mail/Sent', '', '');
        imap_delete($c, '1');
        done(imap_expunge($c), 'EXPUNGE');
        imap_close($c);
        break;
    case 'tell':
        $told = [];
        foreach (array_merge(['INBOX'], FOLDERS) as $folder) {
            $c = imap_open($folder, '', '', OP_READONLY);
            done($c, "open $folder");
            $status = imap_status($c, $folder, SA_ALL);
            $messages = [];
            for ($i = 1; $i <= imap_num_msg($c); $i++) {
                $h = imap_headerinfo($c, $i);
                $text = imap_fetchheader($c, $i) . imap_body($c, $i, FT_PEEK);
                $messages[] = ['uid' => imap_uid($c, $i), 'date' => $h->udate, 'text' => base64_encode($text),
                    'flags' => implode(' ', array_filter([$h->Answered == 'A' ? '\Answered' : '',
                        $h->Deleted == 'D' ? '\Deleted' : '', $h->Draft == 'X' ? '\Draft' : '',
                        $h->Flagged == 'F' ? '\Flagged' : '', $h->Unseen == 'U' || $h->Recent == 'N' ? '' : '\Seen']))];
            }
            $told[$folder] = ['validity' => $status->uidvalidity, 'next' => $status->uidnext, 'messages' => $messages];
            imap_close($c);
        }
        echo json_encode(['folders' => $told, 'subscribed' => imap_lsub($inbox, '', '*')]);
}
imap_close($inbox);
