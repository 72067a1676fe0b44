#include "config/options.h"

#include <getopt.h>
#include <string.h>

const char options_usage[] =
    "usage: imapd [-P | -t] [-f file] [-o setting=value]...   serve the client on standard "
    "input\n"
    "       imapd -H [crypt | scram] [user]              read a password, print a passwd line\n"
    "       imapd --check[=full] [-f file] [-o setting=value]... [user]\n"
    "                                                    compare index, uidlists and Maildir\n"
    "       imapd --repair[=full] [-f file] [-o setting=value]... [user]\n"
    "                                                    the same, and mend\n"
    "       imapd --adopt=source [--into=folder] [-f file] [-o setting=value]... [user]\n"
    "                                                    take over folders that are mbox "
    "files\n"
    "       imapd -V                                     print the version\n"
    "imapd(8) and imapd.conf(5) tell more.\n";

/* What getopt_long gives for the words. */
enum { OPTION_CHECK = 256, OPTION_REPAIR, OPTION_ADOPT, OPTION_INTO };

static const struct option words[] = { { "check", optional_argument, NULL, OPTION_CHECK },
                                       { "repair", optional_argument, NULL, OPTION_REPAIR },
                                       { "adopt", required_argument, NULL, OPTION_ADOPT },
                                       { "into", required_argument, NULL, OPTION_INTO },
                                       { NULL, 0, NULL, 0 } };

/* Every setting twice. */
#define OVERRIDES_MAX 64

struct raw {
    const char *file; /* NULL: the usual one, which may be missing */
    const char *override[OVERRIDES_MAX];
    size_t overrides;
};

static enum options_result wrong(struct buffer *err, const char *what, int letter)
{
    if (letter != 0)
        buffer_printf(err, "-%c: ", letter);
    buffer_puts(err, what);
    return OPTIONS_WRONG;
}

static enum options_result set_mode(struct options *o, enum options_mode mode, int letter,
                                    struct buffer *err)
{
    if (o->mode != MODE_SERVE && o->mode != mode)
        return wrong(err, "does not go with the options before it", letter);
    o->mode = mode;
    return OPTIONS_OK;
}

/* The same of a mode that has a word. */
static enum options_result set_long_mode(struct options *o, enum options_mode mode,
                                         const char *word, struct buffer *err)
{
    if (o->mode != MODE_SERVE && o->mode != mode)
        buffer_printf(err, "--%s: ", word);
    return set_mode(o, mode, 0, err);
}

static enum options_result set_check(struct options *o, enum options_mode mode,
                                     struct buffer *err)
{
    const char *word = mode == MODE_CHECK ? "check" : "repair";
    enum options_result result = set_long_mode(o, mode, word, err);
    if (result != OPTIONS_OK || optarg == NULL)
        return result;
    o->full = strcmp(optarg, "full") == 0;
    if (o->full)
        return OPTIONS_OK;
    buffer_printf(err, "--%s=: ", word);
    return wrong(err, "can only be \"full\"", 0);
}

static enum options_result lacks_value(struct options *o, struct buffer *err)
{
    if (optopt < OPTION_CHECK)
        return wrong(err, "lacks its value", optopt);
    o->mode = MODE_ADOPT;
    buffer_puts(err, optopt == OPTION_ADOPT ? "--adopt=: " : "--into=: ");
    return wrong(err, "lacks its value", 0);
}

static enum options_result read_letter(struct options *o, struct raw *raw, int letter,
                                       struct buffer *err)
{
    switch (letter) {
    case 'P':
        return set_mode(o, MODE_PREAUTH, letter, err);
    case 'H':
        return set_mode(o, MODE_HASH, letter, err);
    case 't':
        o->tls = true;
        return OPTIONS_OK;
    case 'V':
        return set_mode(o, MODE_VERSION, letter, err);
    case 'h':
        return set_mode(o, MODE_USAGE, letter, err);
    case OPTION_CHECK:
        return set_check(o, MODE_CHECK, err);
    case OPTION_REPAIR:
        return set_check(o, MODE_REPAIR, err);
    case OPTION_ADOPT:
        o->source = optarg;
        return set_long_mode(o, MODE_ADOPT, "adopt", err);
    case OPTION_INTO:
        o->into = optarg;
        return OPTIONS_OK;
    case 'f':
        if (raw->file != NULL)
            return wrong(err, "given twice", letter);
        raw->file = optarg;
        return OPTIONS_OK;
    case 'o':
        if (raw->overrides == OVERRIDES_MAX)
            return wrong(err, "given too often", letter);
        raw->override[raw->overrides++] = optarg;
        return OPTIONS_OK;
    case ':':
        return lacks_value(o, err);
    default:
        return wrong(err, "no such option (-h lists them)", optopt < OPTION_CHECK ? optopt : 0);
    }
}

static enum options_result read_letters(struct options *o, struct raw *raw, int argc,
                                        char **argv, struct buffer *err)
{
    optind = 1;
    for (;;) {
        int letter = getopt_long(argc, argv, "+:PtHVhf:o:", words, NULL);
        if (letter == -1)
            break;
        enum options_result result = read_letter(o, raw, letter, err);
        if (result != OPTIONS_OK)
            return result;
    }
    if (o->mode == MODE_HASH && optind < argc &&
        (strcmp(argv[optind], "scram") == 0 || strcmp(argv[optind], "crypt") == 0))
        o->scram = strcmp(argv[optind++], "scram") == 0;
    if (o->tls && o->mode != MODE_SERVE)
        return wrong(err, "does not go with the other options", 't');
    if (o->into != NULL && o->mode != MODE_ADOPT) {
        o->mode = MODE_ADOPT;
        return wrong(err, "--into: goes with --adopt alone", 0);
    }
    if ((o->mode == MODE_HASH || options_are_of_account(o->mode)) && optind < argc)
        o->user = argv[optind++];
    return optind < argc ? wrong(err, "too many arguments (-h tells more)", 0) : OPTIONS_OK;
}

static bool read_settings(struct settings *s, const struct raw *raw, struct buffer *err)
{
    const char *file = raw->file == NULL ? SETTINGS_FILE : raw->file;
    if (!settings_read_file(s, file, raw->file != NULL, err))
        return false;
    for (size_t i = 0; i < raw->overrides; i++) {
        if (!settings_override(s, raw->override[i], err))
            return false;
    }
    return true;
}

bool options_are_of_account(enum options_mode mode)
{
    return mode == MODE_CHECK || mode == MODE_REPAIR || mode == MODE_ADOPT;
}

bool options_have_settings(enum options_mode mode)
{
    return mode == MODE_SERVE || mode == MODE_PREAUTH || options_are_of_account(mode);
}

enum options_result options_read(struct options *o, int argc, char **argv, struct buffer *err)
{
    struct raw raw = { 0 };
    memset(o, 0, sizeof *o);
    enum options_result result = read_letters(o, &raw, argc, argv, err);
    if (result != OPTIONS_OK || !options_have_settings(o->mode))
        return result;
    if (!settings_init(&o->settings)) {
        buffer_puts(err, "out of memory");
        return OPTIONS_SETTING;
    }
    if (read_settings(&o->settings, &raw, err))
        return OPTIONS_OK;
    settings_free(&o->settings);
    return OPTIONS_SETTING;
}
