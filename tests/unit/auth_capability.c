/* What root keeps, in children of their own. */
#include "auth/become.h"
#include "auth/capability.h"
#include "auth/process.h"

#include <linux/capability.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static struct settings settings;

static uint64_t bit(unsigned capability)
{
    return UINT64_C(1) << capability;
}

/* What is permitted; what is effective must be the same, and nothing inheritable beyond. */
static uint64_t have(void)
{
    struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3, .pid = 0 };
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
    uint64_t permitted = 0;
    memset(data, 0, sizeof data);
    if (syscall(SYS_capget, &head, data) != 0)
        _exit(2);
    for (size_t i = 0; i < _LINUX_CAPABILITY_U32S_3; i++) {
        if (data[i].effective != data[i].permitted ||
            (data[i].inheritable & ~data[i].permitted) != 0)
            _exit(2);
        permitted |= (uint64_t)data[i].permitted << (32 * i);
    }
    return permitted;
}

static bool in_child(bool (*act)(void))
{
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        _exit(act() ? 0 : 1);
    return process_reap(pid) == 0;
}

static void ask(const char *backends, bool pam_session)
{
    settings_free(&settings);
    assert_true(settings_init(&settings));
    const bool pam = strstr(backends, "pam") != NULL;
    settings.auth_count = 1;
    settings.auth[0] = pam ? AUTH_BACKEND_PAM : AUTH_BACKEND_PASSWD_FILE;
    if (pam && strstr(backends, "passwd-file") != NULL)
        settings.auth[settings.auth_count++] = AUTH_BACKEND_PASSWD_FILE;
    settings.pam_session = pam_session;
}

static bool keeps_what_is_needed(void)
{
    uint64_t before = have();
    return capability_limit_parent(&settings) &&
           have() == (before & capability_needed(&settings)) &&
           mount("none", "/", "tmpfs", 0, NULL) < 0;
}

static bool keeps_all(void)
{
    uint64_t before = have();
    return capability_limit_parent(&settings) && have() == before;
}

static bool may_have_helpers(void)
{
    return capability_limit_parent(&settings) && prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0;
}

/* What it exists for is still to be had. */
static bool becomes_others(void)
{
    static const gid_t group = 65534;
    return capability_limit_parent(&settings) && become(65534, 65534, &group, 1) && have() == 0;
}

static bool makes_gate(void)
{
    return capability_limit_parent(&settings) && become_gate(65534, 65534, false);
}

/* Given up is given up, also for whoever stays uid 0. */
static bool gets_back(void)
{
    struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3, .pid = 0 };
    struct __user_cap_data_struct all[_LINUX_CAPABILITY_U32S_3];
    memset(all, 0xff, sizeof all);
    return capability_limit_parent(&settings) && syscall(SYS_capset, &head, all) == 0;
}

static void test_needed(void **state)
{
    (void)state;
    ask("passwd-file", true);
    uint64_t least = capability_needed(&settings);
    assert_int_equal(least, bit(CAP_SETUID) | bit(CAP_SETGID) | bit(CAP_KILL) |
                                bit(CAP_SYS_CHROOT) | bit(CAP_DAC_READ_SEARCH));
    ask("passwd-file pam", false);
    uint64_t with_pam = capability_needed(&settings);
    assert_int_equal(with_pam & least, least);
    assert_int_equal(with_pam & (bit(CAP_SYS_ADMIN) | bit(CAP_SYS_PTRACE) |
                                 bit(CAP_SYS_MODULE) | bit(CAP_NET_ADMIN)),
                     0);
    ask("pam", true);
    assert_true(capability_needed(&settings) == UINT64_MAX);
}

static void test_limit(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    ask("passwd-file", false);
    assert_true(in_child(keeps_what_is_needed));
    assert_false(in_child(may_have_helpers));
    assert_true(in_child(becomes_others));
    assert_true(in_child(makes_gate));
    assert_false(in_child(gets_back));
    ask("pam", false);
    assert_true(in_child(keeps_what_is_needed));
    assert_true(in_child(may_have_helpers));
    assert_false(in_child(gets_back));
    ask("pam", true);
    assert_true(in_child(keeps_all));
    assert_true(in_child(may_have_helpers));
}

static int tear_down(void **state)
{
    (void)state;
    settings_free(&settings);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_needed),
        cmocka_unit_test(test_limit),
    };
    return cmocka_run_group_tests(tests, NULL, tear_down);
}
