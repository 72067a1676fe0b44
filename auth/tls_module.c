#include "auth/tls_module.h"
#include "base/log.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The directory of the running program, without a / at the end. */
static bool own_directory(char directory[TLS_MODULE_PATH])
{
    ssize_t n = readlink("/proc/self/exe", directory, TLS_MODULE_PATH - 1);
    if (n <= 0 || n == TLS_MODULE_PATH - 1 || directory[0] != '/')
        return false;
    directory[n] = '\0';
    *strrchr(directory, '/') = '\0';
    return true;
}

bool tls_module_find(char path_r[TLS_MODULE_PATH])
{
    static const char *const beside[] = { "", "/../lib/imapd" };
    char directory[TLS_MODULE_PATH];
    path_r[0] = '\0';
    if (!own_directory(directory))
        return false;
    for (size_t i = 0; i < sizeof beside / sizeof *beside; i++) {
        int n =
            snprintf(path_r, TLS_MODULE_PATH, "%s%s/%s", directory, beside[i], TLS_MODULE_FILE);
        if (n >= TLS_MODULE_PATH)
            return false;
        if (access(path_r, F_OK) == 0)
            return true;
    }
    return false;
}

/* root's, or whoever's imapd itself is: who could put something in its place, could do so with
 * imapd. */
static bool is_trusted(const char *path)
{
    struct stat st;
    struct stat program;
    if (stat(path, &st) < 0 || stat("/proc/self/exe", &program) < 0)
        return false;
    return (st.st_uid == 0 || st.st_uid == program.st_uid || st.st_uid == geteuid()) &&
           (st.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

/* The module and the directory that holds it. */
static bool is_safe(const char *path)
{
    char directory[TLS_MODULE_PATH];
    const char *slash = strrchr(path, '/');
    if (path[0] != '/' || strlen(path) >= sizeof directory)
        return false;
    size_t n = slash == path ? 1 : (size_t)(slash - path);
    memcpy(directory, path, n);
    directory[n] = '\0';
    return is_trusted(path) && is_trusted(directory);
}

const struct tls_module *tls_module_open(const char *path)
{
    if (!is_safe(path)) {
        log_error("TLS: %s is missing, or others can write to it", path);
        return NULL;
    }
    void *handle = dlopen(path, RTLD_LAZY | RTLD_LOCAL);
    const struct tls_module *module = handle == NULL ? NULL : dlsym(handle, TLS_MODULE_SYMBOL);
    if (module == NULL) {
        log_error("TLS: %s can't be loaded: %s", path, dlerror());
        return NULL;
    }
    if (module->size != sizeof *module || strcmp(module->version, IMAPD_VERSION) != 0) {
        log_error("TLS: %s is of another build of imapd", path);
        return NULL;
    }
    return module;
}

const struct tls_module *tls_module_load(void)
{
    char path[TLS_MODULE_PATH];
    if (tls_module_find(path))
        return tls_module_open(path);
    log_error("TLS: imapd is not whole: %s is missing", path);
    return NULL;
}
