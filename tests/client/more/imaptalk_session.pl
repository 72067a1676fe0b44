# What a program with Mail::IMAPTalk does: imaptalk_session.pl PORT PASSWORD MAILDIR
use strict;
use warnings;
use utf8;
use Mail::IMAPTalk;

my ($port, $password, $maildir) = @ARGV;
my ($checks, $failures) = (0, 0);
binmode STDOUT, ':utf8';

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

my $c = Mail::IMAPTalk->new(
    Server => '127.0.0.1', Port => $port, Username => 'demo', Password => $password, Uid => 1,
) or die "can't log in: $@";
check('capabilities', $c->capability->{idle} ? 1 : 0, 1);
my @folders = @{ $c->list('', '*') };
opendir my $top, $maildir or die $!;
my @there = grep { /^\../ && $_ ne '..' && -d "$maildir/$_/cur" } readdir $top;
check('folders', scalar(grep { !grep { /noselect/i } @{ $_->[0] } } @folders), @there + 1);

$c->select('INBOX') or die $@;
check('EXISTS', $c->get_response_code('exists'), scalar files());
my $uids = $c->search('all');
check('as many messages as files', scalar @$uids, scalar files());
my $got = $c->fetch('1:*', '(rfc822.size envelope bodystructure flags)');
check('all are fetched', scalar keys %$got, scalar @$uids);
my ($size, $octets) = (0, 0);
$size += $_->{'rfc822.size'} for values %$got;
for my $path (files()) {
    open my $f, '<:raw', $path or die $!;
    local $/;
    my $text = <$f>;
    $text =~ s/\r?\n/\r\n/g;
    $octets += length $text;
}
check('their sizes', $size, $octets);
check('each has an envelope', scalar(grep { defined $_->{envelope}{'Message-ID'} } values %$got),
    scalar @$uids);
check('each has a structure', scalar(grep { ref $_->{bodystructure} } values %$got), scalar @$uids);
my $parts = $c->fetch($uids->[0], '(body.peek[header] body.peek[text])');
check('header and text', defined $parts->{ $uids->[0] }{'body'} || %{ $parts->{ $uids->[0] } } ? 1 : 0, 1);

$c->store("$uids->[0],$uids->[1]", '+flags', '(\\Flagged)') or die $@;
check('flags on disk', scalar(grep { /:2,[^,]*F/ } files()), scalar @{ $c->search('flagged') });
my $trash = scalar files('.Trash');
$c->copy("$uids->[0]", 'Trash') or die $@;
check('copy', scalar files('.Trash'), $trash + 1);
$c->store($uids->[0], '+flags', '(\\Deleted)');
$c->uidexpunge($uids->[0]) or $c->expunge;
check('expunge', scalar files(), @$uids - 1);

$c->create('made by IMAPTalk') or die $@;
check('a folder is made', -d "$maildir/.made by IMAPTalk/cur" ? 1 : 0, 1);
$c->append('made by IMAPTalk', { Literal => "Subject: x\r\n\r\ny\r\n" }) or die $@;
check('a message is appended', scalar files('.made by IMAPTalk'), 1);
my $status = $c->status('made by IMAPTalk', '(messages unseen uidnext)');
check('status', join(' ', map { "$_ $status->{$_}" } sort keys %$status), 'messages 1 uidnext 2 unseen 1');
$c->delete('made by IMAPTalk') or die $@;
check('and deleted', -d "$maildir/.made by IMAPTalk" ? 1 : 0, 0);
$c->logout;
printf "%d passed, %d failed\n", $checks - $failures, $failures;
exit($failures > 0);
