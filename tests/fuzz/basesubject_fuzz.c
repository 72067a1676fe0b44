/* The base subject (RFC 5256 section 2.1): it is a piece of the subject, and its own base. */
#include "tests/fuzz/fuzz.h"

#include "message/base_subject.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *subject = malloc(size + (size == 0)); /* its own size: a read beyond it is seen */
    CHECK(subject != NULL);
    if (size > 0)
        memcpy(subject, data, size);
    struct base_subject base = base_subject_find(subject, size);
    CHECK(base.text >= subject && base.text <= subject + size);
    CHECK(base.len <= (size_t)(subject + size - base.text));
    if (base.len > 0)
        CHECK(base.text[0] != ' ' && base.text[base.len - 1] != ' ');
    char *again = malloc(base.len + (base.len == 0));
    CHECK(again != NULL);
    if (base.len > 0)
        memcpy(again, base.text, base.len);
    struct base_subject same = base_subject_find(again, base.len);
    CHECK(same.text == again && same.len == base.len && !same.reply);
    CHECK(base.len == 0 || memcmp(same.text, base.text, base.len) == 0);
    free(again);
    free(subject);
    return 0;
}
