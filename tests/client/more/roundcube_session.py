"""What somebody does in Roundcube: roundcube_session.py WEB_PORT PASSWORD MAILDIR SCREENSHOT"""

import os
import re
import sys
import time

from selenium import webdriver
from selenium.common.exceptions import TimeoutException, WebDriverException
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

port, password, maildir, screenshot = sys.argv[1:]
failures = checks = 0
ATTACHED = (b'From: Dana <dana@example.com>\r\nTo: demo@example.org\r\nSubject: With a paper attached\r\n'
            b'Date: %s\r\nMessage-ID: <attached@test>\r\nMIME-Version: 1.0\r\n'
            b'Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\n'
            b'See the paper.\r\n--b\r\nContent-Type: application/pdf; name="paper.pdf"\r\n'
            b'Content-Disposition: attachment; filename="paper.pdf"\r\n'
            b'Content-Transfer-Encoding: base64\r\n\r\nJVBERi0xLjQK\r\n--b--\r\n')


def check(what, got, wanted):
    global failures, checks
    checks += 1
    if got == wanted:
        print('ok   ' + what)
    else:
        failures += 1
        print('FAIL %s\n       got:    %r\n       wanted: %r' % (what, got, wanted))


def files(folder=''):
    directory = os.path.join(maildir, folder)
    return [os.path.join(directory, d, name) for d in ('cur', 'new')
            for name in os.listdir(os.path.join(directory, d)) if name[0] != '.']


def deliver(octets, name):
    path = os.path.join(maildir, 'tmp', name)
    with open(path, 'wb') as f:
        f.write(octets)
    owner = os.stat(maildir)
    os.chown(path, owner.st_uid, owner.st_gid)
    os.rename(path, os.path.join(maildir, 'new', name))


def until(condition, seconds=20):
    """Whether it came true. The page may change while it is looked at."""
    def holds(_):
        try:
            return condition()
        except WebDriverException:
            return False
    try:
        return bool(WebDriverWait(browser, seconds, 0.1).until(holds))
    except TimeoutException:
        return False


def eventually(what, get, wanted):
    until(lambda: get() == wanted)
    check(what, get(), wanted)


def count_shown():
    """Of "Messages 1 to 50 of 75", or of threads."""
    text = browser.execute_script("var e = document.getElementById('rcmcountdisplay'); "
                                  "return e ? e.textContent : ''")
    m = re.search(r'of (\d+)', text)
    return int(m[1]) if m else None


def rows():
    return browser.find_elements(By.CSS_SELECTOR, '#messagelist tbody tr.message')


def select(subject):
    for row in rows():
        if subject in row.text:
            row.click()
            return True
    return False


def command(name, argument=None):
    browser.execute_script('rcmail.command(arguments[0], arguments[1] || "", this, new Event("click"))', name, argument)


deliver(ATTACHED % time.strftime('%a, %d %b %Y %H:%M:%S +0000').encode(), '%d.attached' % time.time())
options = Options()
for argument in ('--headless=new', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage',
                 '--window-size=1280,800', '--no-first-run'):
    options.add_argument(argument)
options.binary_location = '/usr/bin/chromium'
browser = webdriver.Chrome(service=Service('/usr/bin/chromedriver'), options=options)
try:
    browser.get('http://127.0.0.1:%s/' % port)
    until(lambda: browser.find_elements(By.ID, 'rcmloginuser'))
    browser.find_element(By.ID, 'rcmloginuser').send_keys('demo')
    browser.find_element(By.ID, 'rcmloginpwd').send_keys(password + Keys.ENTER)
    check('it logs in and lists', until(rows, 40), True)
    text = browser.find_element(By.ID, 'mailboxlist').text
    check('its folders have their names', [n for n in ('Inbox', 'Sent', 'Trash') if n not in text], [])
    check('a Cyrillic folder, too', 'Входящие' in text, True)

    # A list, not threads: as many as there are files.
    browser.get('http://127.0.0.1:%s/?_task=mail&_mbox=INBOX' % port)
    until(rows)
    browser.execute_script("rcmail.set_list_options(null, 'arrival', 'DESC', 0)")
    eventually('as many messages as files', count_shown, len(files()))

    check('the new one is there', until(lambda: select('With a paper attached')), True)
    until(lambda: browser.find_elements(By.ID, 'messagecontframe'))
    browser.switch_to.frame('messagecontframe')
    check('its text shows', until(lambda: 'See the paper.' in browser.find_element(By.TAG_NAME, 'body').text), True)
    check('its attachment shows', until(lambda: 'paper.pdf' in browser.find_element(By.TAG_NAME, 'body').text), True)
    browser.switch_to.default_content()
    browser.save_screenshot(screenshot)
    new = [p for p in files() if b'attached@test' in open(p, 'rb').read()]
    eventually('reading it sets \\Seen', lambda: [
        bool(re.search(r':2,[^,]*S', p)) for p in files() if b'attached@test' in open(p, 'rb').read()], [True])

    # Search.
    wanted = sum(bool(re.search(rb'(?im)^Subject:.*invoice', re.split(rb'\r?\n\r?\n', open(p, 'rb').read())[0]))
                 for p in files())
    box = browser.find_element(By.ID, 'mailsearchform')
    box.send_keys('invoice' + Keys.ENTER)
    eventually('search finds what grep finds', lambda: len(rows()), wanted)
    command('reset-search')
    eventually('... and back', count_shown, len(files()))

    # Move, delete.
    before, trash = len(files()), len(files('.Trash'))
    until(lambda: select('With a paper attached'))
    command('move', 'Sent')
    eventually('a moved message is there', lambda: sum(
        b'attached@test' in open(p, 'rb').read() for p in files('.Sent')), 1)
    check('... and not here', len(files()), before - 1)
    eventually('... nor shown', count_shown, before - 1)
    browser.execute_script('rcmail.message_list.select(rcmail.message_list.get_first_row())')
    command('delete')
    eventually('a deleted message goes to Trash', lambda: len(files('.Trash')), trash + 1)
    check('... away from here', len(files()), before - 2)

    # What is delivered shows when it looks.
    deliver(b'From: late@example.org\r\nSubject: arrives while it looks\r\n\r\nx\r\n', '%d.late' % time.time())
    command('checkmail')
    check('new mail shows', until(lambda: any('arrives while it looks' in r.text for r in rows())), True)
finally:
    browser.quit()
print('%d passed, %d failed' % (checks - failures, failures))
sys.exit(failures > 0)
