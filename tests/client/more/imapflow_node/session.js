// What a large mail application does with imapflow: session.js PORT PASSWORD MAILDIR
'use strict';
const fs = require('fs');
const path = require('path');
const { ImapFlow } = require('imapflow');

const [port, password, maildir] = process.argv.slice(2);
let checks = 0, failures = 0;

function check(what, got, wanted) {
    checks++;
    if (JSON.stringify(got) === JSON.stringify(wanted)) {
        console.log('ok   ' + what);
        return;
    }
    failures++;
    console.log(`FAIL ${what}\n       got:    ${JSON.stringify(got)}\n       wanted: ${JSON.stringify(wanted)}`);
}

const files = (folder = '') => ['cur', 'new'].flatMap(d =>
    fs.readdirSync(path.join(maildir, folder, d)).filter(n => n[0] !== '.').map(n => path.join(maildir, folder, d, n)));
const flagged = (letter, folder = '') => files(folder).filter(p => new RegExp(`:2,[^,]*${letter}`).test(p)).length;
const octets = p => fs.readFileSync(p, 'latin1').replace(/\r?\n/g, '\r\n');
const sorted = list => [...list].sort();
const all = async generator => {
    const out = [];
    for await (const item of generator) out.push(item);
    return out;
};

function deliver(folder, name, text) {
    const from = path.join(maildir, folder, 'tmp', name);
    const owner = fs.statSync(maildir);
    fs.writeFileSync(from, text);
    fs.chownSync(from, owner.uid, owner.gid);
    fs.renameSync(from, path.join(maildir, folder, 'new', name));
}

const connect = async options => {
    const c = new ImapFlow({
        host: '127.0.0.1', port: Number(port), secure: false, doSTARTTLS: false,
        auth: { user: 'demo', pass: password }, logger: false, ...options
    });
    c.on('error', error => { check('no error', String(error), ''); });
    await c.connect();
    return c;
};

async function main() {
    const c = await connect({ qresync: true });
    for (const name of ['CONDSTORE', 'QRESYNC', 'MOVE', 'UIDPLUS', 'IDLE', 'SPECIAL-USE', 'COMPRESS=DEFLATE', 'OBJECTID'])
        check('it knows of ' + name, c.capabilities.has(name), true);
    check('it has enabled CONDSTORE', c.enabled.has('CONDSTORE'), true);
    check('it has enabled QRESYNC', c.enabled.has('QRESYNC'), true);

    // Folders.
    const list = await c.list({ statusQuery: { messages: true, unseen: true, uidNext: true } });
    const there = fs.readdirSync(maildir).filter(d => d[0] === '.' && fs.existsSync(path.join(maildir, d, 'cur')));
    check('every folder is listed', list.filter(f => !f.flags.has('\\Noselect') && !f.flags.has('\\NonExistent')).length,
        there.length + 1);
    check('with how many messages they have', list.filter(f => f.status && !f.status.error)
        .map(f => f.status.messages).reduce((a, b) => a + b, 0),
        there.map(d => files(d).length).reduce((a, b) => a + b, files().length));
    check('the special ones are known', sorted(list.map(f => f.specialUse).filter(Boolean)).filter((v, i, a) => a.indexOf(v) === i),
        sorted(['\\Inbox', ...['Archive', 'Drafts', 'Junk', 'Sent', 'Trash'].filter(n => there.includes('.' + n)).map(n => '\\' + n)]));

    // Reading.
    const box = await c.mailboxOpen('INBOX');
    check('as many messages as files', box.exists, files().length);
    check('the folder has a mod-sequence', typeof box.highestModseq, 'bigint');
    check('the folder has an id', typeof box.mailboxId, 'string');
    const modseq = box.highestModseq;
    const messages = await all(c.fetch('1:*', {
        uid: true, flags: true, envelope: true, bodyStructure: true, size: true, internalDate: true,
        source: true, threadId: true, headers: ['message-id', 'subject']
    }));
    check('all are fetched', messages.length, box.exists);
    check('as they are', sorted(messages.map(m => m.source.toString('latin1'))), sorted(files().map(octets)));
    check('with their sizes', messages.every(m => m.size === m.source.length), true);
    check('each has its id', new Set(messages.map(m => m.emailId)).size, messages.length);
    check('each has a thread', messages.every(m => !!m.threadId), true);
    const parted = messages.find(m => m.bodyStructure.childNodes);
    const download = await c.download(parted.uid, '1', { uid: true });
    const chunks = await all(download.content);
    check('a part is downloaded', Buffer.concat(chunks).length > 0, true);
    const found = await c.search({ subject: 'invoice' }, { uid: true });
    check('search', found.length, messages.filter(m => /invoice/i.test(m.envelope.subject || '')).length);
    check('search for what has Cyrillic letters', Array.isArray(await c.search({ body: 'счёт' }, { uid: true })), true);

    // Changing.
    const [a, b, d] = messages.map(m => m.uid);
    check('flags are set', await c.messageFlagsAdd([a, b], ['\\Flagged', '$Label'], { uid: true }), true);
    check('... on disk', flagged('F') >= 2, true);
    check('flags are taken away', await c.messageFlagsRemove([a], ['\\Flagged'], { uid: true }), true);
    const changed = await all(c.fetch('1:*', { uid: true, flags: true }, { changedSince: modseq }));
    check('these have changed, and no others', sorted(changed.map(m => m.uid)), sorted([a, b]));
    const trash = files('.Trash').length;
    const copied = await c.messageCopy([a, b], 'Trash', { uid: true });
    check('copies', [files('.Trash').length, copied.uidMap.size], [trash + 2, 2]);
    const moved = await c.messageMove([a, b], 'Trash', { uid: true });
    check('moves', [files('.Trash').length, files().length, moved.uidMap.size], [trash + 4, messages.length - 2, 2]);
    check('deletes', await c.messageDelete([d], { uid: true }), true);
    check('... one', files().length, messages.length - 3);
    const text = 'From: a@example.org\r\nSubject: from imapflow\r\n\r\nx\r\n';
    const appended = await c.append('Sent', text, ['\\Seen'], new Date('2020-02-01T10:11:12Z'));
    check('appends', files('.Sent').map(octets).includes(text), true);
    check('... and knows the UID', typeof appended.uid, 'number');

    // More folders.
    await c.mailboxCreate(['Архив писем', 'Новые']);
    check('Cyrillic folders are made', (await c.list()).some(f => f.path === 'Архив писем/Новые'), true);
    await c.mailboxRename('Архив писем/Новые', 'Renamed');
    check('and renamed', fs.existsSync(path.join(maildir, '.Renamed', 'cur')), true);
    await c.mailboxDelete('Renamed');
    await c.mailboxDelete('Архив писем');
    check('and deleted', (await c.list()).some(f => /Renamed|Архив/.test(f.path)), false);
    check('status', (await c.status('Sent', { messages: true, highestModseq: true })).messages, files('.Sent').length);

    // IDLE: a delivery, a flag, a removal by others.
    const events = [];
    c.on('exists', e => events.push(['exists', e.count]));
    c.on('flags', e => events.push(['flags', e.uid]));
    c.on('expunge', e => events.push(['expunge', !!e.uid]));
    const count = files().length;
    const until = async what => {
        for (let i = 0; i < 200 && !events.some(e => e[0] === what); i++)
            await new Promise(done => setTimeout(done, 50));
        return events.some(e => e[0] === what);
    };
    const idling = c.idle();
    await new Promise(done => setTimeout(done, 300));
    deliver('', '1700000000.imapflow', 'Subject: delivered\n\nx\n');
    check('IDLE tells of a delivery', await until('exists'), true);
    check('... and how many there are', events.find(e => e[0] === 'exists'), ['exists', count + 1]);
    const other = await connect({});
    await other.mailboxOpen('INBOX');
    await other.messageFlagsAdd('1', ['\\Answered']);
    check('IDLE tells of a flag', await until('flags'), true);
    await other.messageDelete('1');
    check('IDLE tells of a removal', await until('expunge'), true);
    check('... with its UID (VANISHED)', events.find(e => e[0] === 'expunge'), ['expunge', true]);
    await other.logout();
    await c.noop(); // ends IDLE
    await idling;

    // Gone, and back: what has changed meanwhile.
    const before = c.mailbox.highestModseq;
    const validity = c.mailbox.uidValidity;
    await c.logout();
    const removed = files().filter(p => p.includes('/cur/'))[0];
    fs.unlinkSync(removed);
    const again = await connect({ qresync: true });
    const vanished = [];
    again.on('expunge', e => vanished.push(e.uid));
    const lock = await again.getMailboxLock('INBOX', { changedSince: before, uidValidity: validity });
    check('as many as there are', again.mailbox.exists, files().length);
    check('it is told what has vanished', vanished.length >= 1 && vanished.every(Boolean), true);
    lock.release();
    await again.logout();
    console.log(`${checks - failures} passed, ${failures} failed`);
    process.exit(failures > 0 ? 1 : 0);
}

main().catch(error => {
    console.log('FAIL ' + (error.stack || error) + ' ' + (error.responseText || ''));
    process.exit(1);
});
