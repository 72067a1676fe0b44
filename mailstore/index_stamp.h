/* Between what the index keeps of a directory and what a process does (mailstore/dirs.h). */
#ifndef MAILSTORE_INDEX_STAMP_H
#define MAILSTORE_INDEX_STAMP_H

#include "mailstore/dirs.h"
#include "mailstore/index_folder.h"

/* Whether both are of the same state of the same directory. */
bool index_stamp_same(const struct index_stamp *a, const struct index_stamp *b);

/* What the index knows. Since when this process knows it is kept where it is the same. */
void stamp_from_index(struct dir_stamp *stamp, const struct index_stamp *from);
/* Zeroes where the stamp is not `known`. */
void stamp_to_index(struct index_stamp *to, const struct dir_stamp *stamp);

#endif
