# What a program with Mail::IMAPClient does: imapclient_session.pl PORT PASSWORD MAILDIR
use strict;
use warnings;
use Mail::IMAPClient;

my ($port, $password, $maildir) = @ARGV;
my ($checks, $failures) = (0, 0);

sub check {
    my ($what, $got, $wanted) = @_;
    $checks++;
    if (defined $got && $got eq $wanted) {
        print "ok   $what\n";
        return;
    }
    $failures++;
    printf "FAIL %s\n       got:    %s\n       wanted: %s\n", $what, $got // 'nothing', $wanted;
}

sub files {
    my ($folder) = (@_, '');
    return grep { -f } map { glob "'$maildir/$folder/$_/*'" } 'cur', 'new';
}

sub slurp {
    my ($path) = @_;
    open my $f, '<:raw', $path or die "$path: $!";
    local $/;
    my $text = <$f>;
    $text =~ s/\r?\n/\r\n/g;
    return $text;
}

my $c = Mail::IMAPClient->new(
    Server => '127.0.0.1', Port => $port, User => 'demo', Password => $password,
    Uid => 1, Peek => 1, Timeout => 30,
) or die "can't log in: $@";
check('it is logged in', $c->IsAuthenticated ? 1 : 0, 1);
check('IDLE is known', $c->has_capability('IDLE') ? 1 : 0, 1);
check('the separator', $c->separator, '/');

opendir my $top, $maildir or die $!;
my @there = grep { /^\../ && $_ ne '..' && -d "$maildir/$_/cur" } readdir $top;
check('folders', scalar(() = $c->folders), @there + 1);

$c->select('INBOX') or die $c->LastError;
my @uids = $c->messages;
check('as many messages as files', scalar @uids, scalar files());
my @read = sort map { $c->message_string($_) } @uids;
my @disk = sort map { slurp($_) } files();
check('all messages read as they are', join("\0", @read), join("\0", @disk));
my $headers = $c->parse_headers(\@uids, 'Subject', 'Message-ID');
check('headers of all', scalar keys %$headers, scalar @uids);
my $envelopes = $c->fetch_hash('RFC822.SIZE', 'ENVELOPE', 'FLAGS', 'INTERNALDATE');
check('sizes of all', join(' ', sort { $a <=> $b } map { $_->{'RFC822.SIZE'} } values %$envelopes),
    join(' ', sort { $a <=> $b } map { length } @disk));
my @invoices = $c->search('SUBJECT', $c->Quote('invoice'));
check('search', scalar @invoices, scalar grep { (split /\r\n\r\n/)[0] =~ /^Subject:.*invoice/mi } @disk);
my $structure = $c->get_bodystructure($uids[0]);
check('a body structure', defined $structure ? 1 : 0, 1);
check('unseen', $c->unseen_count // 0, scalar grep { !/:2,[^,]*S/ } files());

$c->see(@uids);
check('all are seen on disk', scalar(grep { !/:2,[^,]*S/ } files()), 0);
$c->deny_seeing($uids[0]);
check('one is not, again', scalar(grep { !/:2,[^,]*S/ } files()), 1);
my $sent = scalar files('.Sent');
my $text = "From: a\@example.org\r\nSubject: from Perl\r\n\r\nx\r\n";
my $uid = $c->append_string('Sent', $text, '\Seen', '01-Feb-2020 10:11:12 +0000');
check('append tells the UID', $uid =~ /^\d+$/ ? 1 : 0, 1);
my ($new) = grep { slurp($_) eq $text } files('.Sent');
check('it is there', scalar files('.Sent'), $sent + 1);
check('with its date', (stat $new)[9], 1580551872);

my $trash = scalar files('.Trash');
$c->copy('Trash', @uids[0, 1]);
check('copies', scalar files('.Trash'), $trash + 2);
$c->move('Trash', $uids[0], $uids[1]);
$c->expunge;
check('moves', scalar files('.Trash'), $trash + 4);
check('... away from here', scalar files(), @uids - 2);

$c->create('made by Perl') or die $c->LastError;
check('a folder is made', -d "$maildir/.made by Perl/cur" ? 1 : 0, 1);
$c->rename('made by Perl', 'Renamed') or die $c->LastError;
check('and renamed', -d "$maildir/.Renamed/cur" ? 1 : 0, 1);
$c->delete('Renamed') or die $c->LastError;
check('and deleted', -d "$maildir/.Renamed" ? 1 : 0, 0);

my $count = scalar files();
my $tag = $c->idle or die $c->LastError;
open my $f, '>', "$maildir/tmp/1.perl" or die $!;
print $f "Subject: delivered\n\nx\n";
close $f;
chown +(stat $maildir)[4, 5], "$maildir/tmp/1.perl";
rename "$maildir/tmp/1.perl", "$maildir/new/1700000000.perl" or die $!;
my $told = $c->idle_data(20);
check('IDLE tells of a delivery', (grep { /EXISTS/ } @$told) ? 1 : 0, 1);
$c->done($tag);
check('and it is counted', scalar(() = $c->messages), $count + 1);
$c->logout;
printf "%d passed, %d failed\n", $checks - $failures, $failures;
exit($failures > 0);
