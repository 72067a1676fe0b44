# imapd: a per-connection IMAP server for Maildir.
#
#   make            builds ./imapd
#   make check      installs what is missing, builds, runs every test
#   make check-clients   installs many mail clients, and holds the server against each
#   make demo       installs what is missing, builds, serves a sample Maildir
#   make install    DESTDIR and PREFIX are honoured; what an administrator has changed stays
#   make uninstall  removes what that put there, but no configuration
#   make deb        builds a Debian package into build/deb
#   make deps       installs what is missing from Debian (the one list of packages)
#   make deps-build   the same, but only what is needed to build: enough on a mail server
#   make SANITIZE=1 [target]   the same with ASan and UBSan, objects kept apart
#   make SANDBOX=no [target]   without seccomp and Landlock, which sanitizers and valgrind do not
#                   work under: a choice of the build, since at run time it would be a way out

PREFIX     ?= /usr/local
# Where imapd and PAM look for configuration; nothing is put there over a file that is there.
SYSCONFDIR ?= /etc
SBINDIR    ?= $(PREFIX)/sbin
# Where imapd looks for its module: beside itself, and here.
LIBDIR     := $(patsubst %/,%,$(dir $(SBINDIR)))/lib/imapd
MANDIR     ?= $(PREFIX)/share/man
DOCDIR     ?= $(PREFIX)/share/doc/imapd
# systemd looks below /usr, /usr/local and /etc: with another PREFIX name one of these.
SYSTEMDDIR ?= $(PREFIX)/lib/systemd/system
SYSUSERSDIR ?= $(PREFIX)/lib/sysusers.d
PORT       ?= 1143
VERSION    := 0.1

ifeq ($(origin CC),default)
CC := gcc
endif
CPPFLAGS += -I. -D_GNU_SOURCE -DIMAPD_VERSION='"$(VERSION)"'
CFLAGS   ?= -O2 -g
WARN     := -Wall -Wextra -Wshadow -Wvla -Wformat=2 -Wstrict-prototypes -Wmissing-prototypes \
            -Wpointer-arith -Wwrite-strings -Wundef
HARDEN   := -fPIE -fstack-protector-strong -fno-strict-aliasing
LINKHARD := -pie -Wl,-z,relro,-z,now,-z,noexecstack
LIBS     := -lutf8proc -llmdb

SANDBOX  ?= yes

ifneq ($(SANITIZE),)
BUILD    ?= build/sanitize
SANDBOX  := no
HARDEN   += -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
LINKHARD += -fsanitize=address,undefined
# ASan stands before crypt_r(3), for the modules of PAM too, and passes calls on to what is linked.
LIBS     += -Wl,--no-as-needed -lcrypt
else
BUILD    ?= build/$(if $(filter no,$(SANDBOX)),bare,plain)
CPPFLAGS += -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3
endif

# The layers, from the top down. Each is an archive, and a test links only the layers it
# names: a call that goes upward does not link.
LAYERS   := command session mailstore auth config parser message net base
ARCHIVES := $(LAYERS:%=$(BUILD)/%.a)
TOP      := account connection refuse
SOURCES  := imapd.c $(TOP:%=%.c) $(foreach d,$(LAYERS),$(wildcard $(d)/*.c))
HEADERS  := $(foreach d,$(LAYERS),$(wildcard $(d)/*.h))

# Says what is made; V=1 says with which command.
COMMA := ,
ifdef V
SAY = $(1)
else
SAY = @echo '  $@' && $(1)
endif
COMPILE = $(CC) -std=c17 $(CPPFLAGS) $(WARN) $(HARDEN) $(INSTRUMENT) $(CFLAGS) -MMD -MP

.PHONY: all check check-built check-unit check-session check-e2e check-client check-fuzz check-clients \
        units demo replay growth deps deps-build deps-demo deps-lint deps-bench deps-clients deps-deb deb bench load soak fuzz install uninstall clean lint \
        format FORCE
all: imapd

# ./imapd and its module are copies, so that the two kinds of build never mix their objects.
imapd imapd-tls.so: %: $(BUILD)/% FORCE
	@cmp -s $< $@ || { rm -f $@ && cp $< $@; }
imapd: imapd-tls.so

$(BUILD)/imapd: $(BUILD)/imapd.o $(TOP:%=$(BUILD)/%.o) $(ARCHIVES) | $(BUILD)/imapd-tls.so
	$(call SAY,$(CC) $(LINKHARD) $(LDFLAGS) -o $@ $(filter %.o,$^) -Wl$(COMMA)--start-group \
	    $(ARCHIVES) -Wl$(COMMA)--end-group $(LIBS))

$(BUILD)/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(call SAY,$(COMPILE) -c -o $@ $<)

define LAYER
$(BUILD)/$(1).a: $(patsubst %.c,$(BUILD)/%.o,$(wildcard $(1)/*.c))
	@mkdir -p $$(@D)
	@rm -f $$@
	@ar rcs $$@ $$^
endef
$(foreach d,$(LAYERS),$(eval $(call LAYER,$(d))))

BUILD_SOURCES := $(wildcard auth/seccomp/*.c)

# The seccomp filters: generate runs on the machine that builds, for the one that CC builds for.
HOSTCC  ?= gcc
FILTERS := $(BUILD)/auth/seccomp/filters
ifeq ($(SANDBOX),yes)
$(BUILD)/auth.a: $(FILTERS).o
$(FILTERS).o: $(FILTERS).c auth/filter.h
	$(call SAY,$(COMPILE) -c -o $@ $<)
$(FILTERS).c: $(BUILD)/auth/seccomp/generate
	$(call SAY,$< "$$($(CC) -dumpmachine | cut -d- -f1)" >$@.new && mv $@.new $@)
$(BUILD)/auth/seccomp/generate: auth/seccomp/generate.c Makefile
	@mkdir -p $(@D)
	$(call SAY,$(HOSTCC) -std=c17 -D_GNU_SOURCE $(WARN) -O2 -o $@ $< -lseccomp)
else ifeq ($(SANDBOX),no)
$(BUILD)/auth.a: $(BUILD)/auth/seccomp/none.o
else
$(error SANDBOX is yes or no)
endif

# TLS: OpenSSL is not linked, but loaded where a connection asks for it (net/tls.h).
TLS_SOURCES := $(wildcard net/tls/*.c)
TLS_OBJECTS := $(TLS_SOURCES:%.c=$(BUILD)/%.o)
$(TLS_OBJECTS): override INSTRUMENT += -fPIC -fvisibility=hidden
$(BUILD)/imapd-tls.so: $(TLS_OBJECTS)
	$(call SAY,$(CC) -shared $(filter-out -pie,$(LINKHARD)) $(LDFLAGS) -o $@ $^ -lssl -lcrypto)

# Unit tests: tests/unit/LAYER_WHAT.c is linked with LAYER and what lies below it.
BELOW_base      :=
BELOW_net       := parser base
BELOW_message   := base
BELOW_parser    := message base
BELOW_mailstore := message base
BELOW_config    := mailstore message base
BELOW_auth      := config mailstore message net parser base
BELOW_session   := mailstore message parser net base
BELOW_command   := session mailstore auth config message parser net base
UNIT_SOURCES := $(wildcard tests/unit/*.c)
UNITS        := $(UNIT_SOURCES:tests/unit/%.c=$(BUILD)/unit/%)

define UNIT
$(BUILD)/unit/$(1): $(BUILD)/tests/unit/$(1).o $(foreach l,$(firstword $(subst _, ,$(1))) $(BELOW_$(firstword $(subst _, ,$(1)))),$(BUILD)/$(l).a)
	@mkdir -p $$(@D)
	$$(call SAY,$$(CC) $$(LINKHARD) $$(LDFLAGS) -o $$@ $$< -Wl$$(COMMA)--start-group \
	    $$(filter %.a,$$^) -Wl$$(COMMA)--end-group -lcmocka -Wl$$(COMMA)--as-needed -lcrypt -lssl -lcrypto $$(LIBS))
endef
$(foreach u,$(UNIT_SOURCES:tests/unit/%.c=%),$(eval $(call UNIT,$(u))))
$(BUILD)/unit/auth_tls: | $(BUILD)/imapd-tls.so

-include $(patsubst %.c,$(BUILD)/%.d,$(SOURCES) $(TLS_SOURCES) $(UNIT_SOURCES) $(wildcard tests/fuzz/*.c))

# Debian's packages, the one list. What builds; what serves the demo besides; what checks besides.
DEPS_BUILD := gcc libc6-dev libpam0g-dev libcrypt-dev libssl-dev libutf8proc-dev liblmdb-dev \
              libseccomp-dev zlib1g-dev
DEPS_DEMO  := xinetd python3 util-linux
DEPS_CHECK := openssl libcmocka-dev libpam-wrapper systemd fail2ban mandoc curl mutt isync procps passwd \
              gsasl libsasl2-modules tmux dovecot-imapd e2fsprogs mount haproxy
DEPS_DEB   := build-essential dpkg-dev debhelper fakeroot lintian
# What tests/client/more needs besides, a line each test.
DEPS_CLIENTS := fetchmail getmail6 imapfilter imapcopy
DEPS_CLIENTS += libmail-imapclient-perl libmail-imaptalk-perl
DEPS_CLIENTS += php-cli php-imap
DEPS_CLIENTS += interimap offlineimap3 neomutt aerc
DEPS_CLIENTS += golang-go golang-github-emersion-go-imap-dev golang-github-emersion-go-imap-sortthread-dev
DEPS_CLIENTS += roundcube-core roundcube-sqlite3 php-sqlite3 chromium chromium-driver python3-selenium
# A clean Debian, and booting it.
DEPS_CLIENTS += debootstrap iproute2 util-linux systemd-container $(DEPS_DEB)
# Node of another source has its own npm.
DEPS_CLIENTS += $(if $(shell command -v npm),,nodejs npm)
DEPS_FUZZ  := clang libclang-rt-14-dev libutf8proc-dev
DEPS_BENCH := openssl dovecot-imapd gnuplot-nox python3 util-linux
DEPS_LINT  := clang-format clang-tidy cppcheck

deps:
	@tests/deps $(DEPS_BUILD) $(DEPS_DEMO) $(DEPS_CHECK)
deps-build:
	@tests/deps $(DEPS_BUILD)
deps-demo:
	@tests/deps $(DEPS_BUILD) $(DEPS_DEMO)
deps-bench:
	@tests/deps $(DEPS_BENCH)
deps-deb:
	@tests/deps $(DEPS_BUILD) $(DEPS_DEB)
deps-lint:
	@tests/deps $(DEPS_LINT)
deps-clients: deps
	@tests/deps $(DEPS_CLIENTS)

units: $(UNITS)

# The fault tests stop the program by ptrace(2), under which LeakSanitizer can't work.
KINDS := unit fuzz session e2e client interop $(if $(SANITIZE),,fault)

# Each test is a program: 0 passed, 77 skipped, else failed (tests/run).
check: deps
	@$(MAKE) --no-print-directory check-built
check-built: imapd $(UNITS) replay growth $(BUILD)/interop/keys
	@tests/run $(BUILD) $(KINDS)
check-unit: $(UNITS)
	@tests/run $(BUILD) unit
check-session: imapd
	@tests/run $(BUILD) session
check-e2e: imapd
	@tests/run $(BUILD) e2e
check-client: imapd
	@tests/run $(BUILD) client
check-fuzz: replay growth
	@tests/run $(BUILD) fuzz
# Every client there is a test for: those of `make check` and those that take longer or bring much.
check-clients: deps-clients
	@$(MAKE) --no-print-directory imapd
	@tests/run $(BUILD) client clients

# What tests/interop/sort compares with others: needs message/ and what is below it, no more.
$(BUILD)/interop/keys: $(BUILD)/tests/interop/keys.o $(foreach l,message $(BELOW_message),$(BUILD)/$(l).a)
	@mkdir -p $(@D)
	$(call SAY,$(CC) $(LINKHARD) $(LDFLAGS) -o $@ $< -Wl$(COMMA)--start-group \
	    $(filter %.a,$^) -Wl$(COMMA)--end-group $(LIBS))

# Kills sessions at random moments, ROUNDS times (10000), and checks what was acknowledged.
soak: imapd
	@IMAPD=./imapd ROUNDS=$(or $(ROUNDS),10000) tests/fault/kill

# Measures; passes and fails nothing. With dovecot-imapd (make deps-bench), against Dovecot.
# BENCH_N messages (100000), BENCH_RUNS runs (5); figures of a run are in doc/bench.md.
bench: imapd $(BUILD)/bench/store
	@IMAPD=./imapd BENCH_STORE=$(BUILD)/bench/store tests/bench/bench
$(BUILD)/bench/store: $(BUILD)/tests/bench/store.o $(foreach l,mailstore $(BELOW_mailstore),$(BUILD)/$(l).a)
	@mkdir -p $(@D)
	$(call SAY,$(CC) $(LINKHARD) $(LDFLAGS) -o $@ $< -Wl$(COMMA)--start-group \
	    $(filter %.a,$^) -Wl$(COMMA)--end-group $(LIBS))

# A thousand sessions at once, beside Dovecot.
load: imapd deps-bench
	@IMAPD=./imapd tests/bench/load

demo: deps-demo
	@$(MAKE) --no-print-directory imapd
	@IMAPD=./imapd PORT=$(PORT) tests/demo/demo

lint: deps-lint
	clang-format --dry-run -Werror imapd.c $(TOP:%=%.[ch]) $(foreach d,$(LAYERS) net/tls,$(wildcard $(d)/*.[ch])) \
	    $(BUILD_SOURCES) $(wildcard tests/unit/*.[ch] tests/fuzz/*.c)
	cppcheck --quiet --error-exitcode=1 --std=c11 --inline-suppr -I. -D_GNU_SOURCE \
	    --enable=warning,performance,portability --suppressions-list=.cppcheck \
	    $(SOURCES) $(BUILD_SOURCES) $(TLS_SOURCES)
	printf '%s\n' $(SOURCES) $(BUILD_SOURCES) $(TLS_SOURCES) | xargs -P 2 -n 8 sh -c \
	    'clang-tidy --quiet "$$@" -- -std=c17 -I. -D_GNU_SOURCE -DIMAPD_VERSION="\"lint\""' sh

# Coverage-guided fuzzers (libFuzzer): make fuzz builds all, make fuzz T=NAME [TIME=seconds] runs
# one. What it finds is in build/fuzz/corpus/NAME, a crash in build/fuzz/crash-NAME-*.
# tests/fuzz/NAME_fuzz.c is the target NAME.
FUZZ_NAMES := $(patsubst tests/fuzz/%_fuzz.c,%,$(wildcard tests/fuzz/*_fuzz.c))
fuzz:
	@tests/deps $(DEPS_FUZZ)
	@$(MAKE) --no-print-directory SANITIZE=1 BUILD=build/fuzz CC=clang CFLAGS='-O1 -g' \
	    INSTRUMENT=-fsanitize=fuzzer-no-link $(patsubst %,build/fuzz/bin/%,$(or $(T),$(FUZZ_NAMES)))
	@$(if $(T),tests/fuzz/run build/fuzz $(T) $(or $(TIME),60))
$(BUILD)/bin/%: $(BUILD)/tests/fuzz/%_fuzz.o $(ARCHIVES)
	@mkdir -p $(@D)
	$(call SAY,$(CC) $(LINKHARD) -fsanitize=fuzzer $(LDFLAGS) -o $@ $< -Wl$(COMMA)--start-group \
	    $(ARCHIVES) -Wl$(COMMA)--end-group $(LIBS))

# The same targets without a fuzzer: `replay` runs the seeds, always under ASan and UBSan; `growth`
# counts steps (tests/fuzz/growth.c). Each is a build of its own.
WRAPPED := memcpy memmove memset explicit_bzero realloc memcmp strncasecmp strspn strcspn strlen \
           memchr memrchr memmem strchr strrchr strstr
SUBMAKE := $(MAKE) --no-print-directory
FUZZ_OBJECTS := $(BUILD)/tests/fuzz/targets.o $(FUZZ_NAMES:%=$(BUILD)/tests/fuzz/%_fuzz.o)
replay:
	@$(SUBMAKE) $(if $(filter -j%,$(MAKEFLAGS)),,-j$$(nproc)) SANITIZE=1 FUZZ_TABLE=1 \
	    BUILD=build/replay CFLAGS='-O1 -g -Wno-format-truncation' build/replay/fuzz/replay
growth:
	@$(SUBMAKE) $(if $(filter -j%,$(MAKEFLAGS)),,-j$$(nproc)) SANITIZE= FUZZ_TABLE=1 \
	    BUILD=build/growth CFLAGS='-O1 -g -U_FORTIFY_SOURCE' INSTRUMENT=-fsanitize-coverage=trace-pc \
	    LDFLAGS='$(WRAPPED:%=-Wl,--wrap=%)' build/growth/fuzz/growth
$(BUILD)/fuzz/replay $(BUILD)/fuzz/growth: $(BUILD)/fuzz/%: $(BUILD)/tests/fuzz/%.o $(FUZZ_OBJECTS) \
                                           $(ARCHIVES)
	@mkdir -p $(@D)
	$(call SAY,$(CC) $(LINKHARD) $(LDFLAGS) -o $@ $< $(FUZZ_OBJECTS) -Wl$(COMMA)--start-group \
	    $(ARCHIVES) -Wl$(COMMA)--end-group $(LIBS))
$(BUILD)/tests/fuzz/growth.o: override INSTRUMENT :=
ifdef FUZZ_TABLE
$(BUILD)/tests/fuzz/%_fuzz.o: CPPFLAGS += -DLLVMFuzzerTestOneInput=$(patsubst %_fuzz,fuzz_%,$(@F:.o=))
$(BUILD)/tests/fuzz/targets.o: CPPFLAGS += -DFUZZ_TARGETS='$(foreach n,$(FUZZ_NAMES),X($(n)))'
$(BUILD)/tests/fuzz/targets.o: $(BUILD)/targets
$(BUILD)/targets: FORCE
	@mkdir -p $(@D)
	@echo '$(FUZZ_NAMES)' | cmp -s - $@ || echo '$(FUZZ_NAMES)' >$@
endif

# What names a place is made to name the one that it has here.
PLACE := sed -e 's|/usr/local/sbin|$(SBINDIR)|g' -e 's|/usr/local/lib/systemd/system|$(SYSTEMDDIR)|g' \
             -e 's|/usr/local/lib/sysusers.d|$(SYSUSERSDIR)|g' -e 's|/usr/local/share/doc/imapd|$(DOCDIR)|g'
DOCUMENTS := README.md README.ru.md LICENSE $(wildcard doc/*.md doc/*.svg doc/*.png)
CONTRIB   := $(shell find contrib -type f)
UNIT_FILES := $(notdir $(wildcard contrib/systemd/*))
# PUT,FROM,TO: the new file takes the name when it is whole.
define PUT
	@echo '  $(DESTDIR)$(2)' && install -d "$(DESTDIR)$(dir $(2))" && \
	    $(PLACE) '$(1)' >"$(DESTDIR)$(2).new" && chmod 644 "$(DESTDIR)$(2).new" && \
	    mv -f "$(DESTDIR)$(2).new" "$(DESTDIR)$(2)"

endef
# The same, but only where there is nothing, not even a link to nothing.
define PUT_ONCE
	@if [ -e "$(DESTDIR)$(2)" ] || [ -L "$(DESTDIR)$(2)" ]; then echo '  $(DESTDIR)$(2) stays as it is'; \
	    else echo '  $(DESTDIR)$(2)' && install -D -m 644 '$(1)' "$(DESTDIR)$(2)"; fi

endef
install: imapd
	install -d "$(DESTDIR)$(SBINDIR)" "$(DESTDIR)$(LIBDIR)"
	install -m 755 imapd "$(DESTDIR)$(SBINDIR)/imapd"
	install -m 644 imapd-tls.so "$(DESTDIR)$(LIBDIR)/imapd-tls.so"
	$(call PUT,imapd.8,$(MANDIR)/man8/imapd.8)
	$(call PUT,imapd.conf.5,$(MANDIR)/man5/imapd.conf.5)
	$(foreach u,$(UNIT_FILES),$(call PUT,contrib/systemd/$(u),$(SYSTEMDDIR)/$(u)))
	$(call PUT,contrib/sysusers.d/imapd.conf,$(SYSUSERSDIR)/imapd.conf)
	$(foreach f,$(CONTRIB),$(call PUT,$(f),$(DOCDIR)/$(f)))
	install -m 644 $(DOCUMENTS) "$(DESTDIR)$(DOCDIR)"
	$(call PUT_ONCE,contrib/pam.d/imap,$(SYSCONFDIR)/pam.d/imap)
	$(call PUT_ONCE,contrib/imapd.conf,$(SYSCONFDIR)/imapd.conf)

# What install put there, by name; no configuration, no user, and no directory of others.
uninstall:
	rm -f "$(DESTDIR)$(SBINDIR)/imapd" "$(DESTDIR)$(LIBDIR)/imapd-tls.so" \
	    "$(DESTDIR)$(MANDIR)/man8/imapd.8" "$(DESTDIR)$(MANDIR)/man5/imapd.conf.5" \
	    $(UNIT_FILES:%="$(DESTDIR)$(SYSTEMDDIR)/%") "$(DESTDIR)$(SYSUSERSDIR)/imapd.conf"
	cd "$(DESTDIR)$(DOCDIR)" 2>/dev/null && rm -f $(CONTRIB) $(notdir $(DOCUMENTS)) && \
	    find contrib -depth -type d -exec rmdir --ignore-fail-on-non-empty '{}' ';' || :
	rmdir --ignore-fail-on-non-empty "$(DESTDIR)$(DOCDIR)" "$(DESTDIR)$(LIBDIR)" 2>/dev/null || :

# The Debian package: source, binary and what lintian says of them, in build/deb. It is built in a
# copy, so that the tree stays clean; of a clone that is what git knows or would add. Tests are not
# run again ("make check"); a plain dpkg-buildpackage runs the unit tests.
DEB := build/deb
TREE := $(DEB)/imapd-$(VERSION)
deb: deps-deb
	@said=$$(dpkg-parsechangelog -S Version) && [ "$$said" = '$(VERSION)' ] || \
	    { echo "debian/changelog is of version $$said, the Makefile of $(VERSION)" >&2; exit 1; }
	rm -rf $(DEB) && mkdir -p $(TREE)
	{ if [ -e .git ]; then git ls-files -z --cached --others --exclude-standard; else find . ! -type d -print0; fi; } | \
	    grep -zvE '^(\./)?(build/|imapd$$|imapd-tls\.so$$|(.*/)?__pycache__/)' | \
	    tar -cf - --null --no-recursion --ignore-failed-read -T - | tar -xf - -C $(TREE)
	cd $(TREE) && env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL -u BUILD DEB_BUILD_OPTIONS="nocheck parallel=$$(nproc)" \
	    dpkg-buildpackage -us -uc -Pnocheck
	lintian --allow-root --pedantic -E --fail-on error,warning $(DEB)/*.changes

clean:
	rm -rf build imapd imapd-tls.so

format:
	clang-format -i imapd.c $(TOP:%=%.[ch]) $(foreach d,$(LAYERS) net/tls,$(wildcard $(d)/*.[ch])) \
	    $(BUILD_SOURCES) $(wildcard tests/unit/*.[ch] tests/fuzz/*.c)
