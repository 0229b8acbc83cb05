/* Travel-time field over terrain: shortest times on the grid of 8 neighbours, where an edge's time depends on the signed height
 * difference along it, so that up and down differ.
 *
 * Method: buckets of equal width in time (Dial 1969; Denardo and Fox 1979). A bucket is emptied in any order; a cell whose time improves
 * while its own bucket is open is simply looked at again, so the answer does not depend on the width, only the speed does. A cell that waits is
 * marked, so that it waits in a bucket but once. The ring of buckets must reach farther than the longest edge.
 *
 * The raster may be cut into strips of rows, each with its own ring, so that threads empty the same bucket side by side. What a strip finds
 * for a cell of its neighbour is a note, delivered when all have done (`settle`): no thread reads or writes another's cells. Times are the
 * least over all ways of sums taken in the order of travel, and rounding keeps order, so that the cut changes no bit. */
#include "kernels.h"

#include <math.h>
#include <stdlib.h>

#define CLOSED -1.0f   /* time of a cell that cannot be entered: below every time, so never improved */
#define AHEAD 8        /* entries between a prefetch and its use */

typedef struct {
    double time;     /* best so far [s]; in float, equal steps would drift by up to 2e-4 */
    float height;    /* [m] */
    float friction;  /* factor on the times of its edges [1], the mean of both ends counts; below zero while the cell waits */
} Cell;

typedef struct {
    uint32_t *cells;
    int64_t count, room;
} Bucket;

/* Times of an edge [s] by height difference: samples at (i - half) * step [m], linear between them; kinds: east, north, diagonal. */
typedef struct {
    const float *seconds;
    int64_t samples;
    float half, last, per_step, least[3];  /* per_step is below zero for times towards the sources */
} Pace;

static int add_cell(Bucket *bucket, uint32_t cell) {
    if (bucket->count == bucket->room) {
        int64_t room = bucket->room ? 2 * bucket->room : 256;
        uint32_t *cells = realloc(bucket->cells, (size_t)room * sizeof(uint32_t));
        if (!cells) return 0;
        bucket->cells = cells;
        bucket->room = room;
    }
    bucket->cells[bucket->count++] = cell;
    return 1;
}

static inline float edge_time(const Pace *pace, int kind, float rise) {
    float at = rise * pace->per_step + pace->half;
    if (!(at >= 0.0f && at < pace->last)) return INFINITY;
    int64_t i = (int64_t)at;
    const float *sample = pace->seconds + kind * pace->samples + i;
    return sample[0] + (at - (float)i) * (sample[1] - sample[0]);
}

/* A better time for a cell of the strip above or below. */
typedef struct {
    double time;
    uint32_t cell;
} Note;

typedef struct {
    Cell *first, *end;  /* its cells; the outermost strips have the frame too, and so send no notes */
    Bucket *ring;
    Note *notes;
    double *sent;       /* best times sent so far: a line of cells above, a line below */
    int64_t live, noted, room;
} Strip;

/* One field in the making. The caller owns `cells`, scratch of (rows + 2) (columns + 2), because numpy asks the system for huge pages (4 to
 * 11 % of the time on 16 million cells), and `strips`, zeros at first. */
typedef struct {
    const float *heights, *friction, *seconds;
    Cell *cells;
    float *times;
    Strip *strips;
    int64_t rows, columns, half, buckets, strip_count;
    double width, limit;
    float per_step, sign, least[3];
} Field;

static int64_t first_row(const Field *f, int64_t strip) { return strip * f->rows / f->strip_count; }

/* A frame of closed cells around the raster spares every edge a test. */
static void frame_cells(const Field *f, int64_t from, int64_t to) {
    const int64_t wide = f->columns + 2;
    for (int64_t i = 0; i < wide; i++) {
        if (from == 0) f->cells[i].time = CLOSED;
        if (to == f->rows) f->cells[(to + 1) * wide + i].time = CLOSED;
    }
    for (int64_t row = from; row < to; row++) {
        Cell *line = f->cells + (row + 1) * wide;
        const float *heights = f->heights + row * f->columns, *friction = f->friction ? f->friction + row * f->columns : NULL;
        line[0].time = line[wide - 1].time = CLOSED;
        for (int64_t column = 0; column < f->columns; column++) {
            float z = heights[column], factor = friction ? friction[column] : 1.0f;
            int open = isfinite(z) && isfinite(factor) && factor > 0.0f;
            line[column + 1] = (Cell){open ? INFINITY : CLOSED, z, factor};
        }
    }
}

/* Take in one strip of the raster. Strips may be laid side by side on threads. Returns 0, or -1 where memory ran out. */
int64_t PUBLIC(lay_strip)(Field *f, int64_t number) {
    const int64_t wide = f->columns + 2, from = first_row(f, number), to = first_row(f, number + 1);
    Strip *strip = f->strips + number;
    strip->first = f->cells + (number ? from + 1 : 0) * wide;
    strip->end = f->cells + (to == f->rows ? to + 2 : to + 1) * wide;
    strip->ring = calloc((size_t)f->buckets, sizeof(Bucket));
    strip->sent = malloc(2 * (size_t)wide * sizeof(double));
    if (!strip->ring || !strip->sent) return -1;
    for (int64_t i = 0; i < 2 * wide; i++) strip->sent[i] = INFINITY;
    frame_cells(f, from, to);
    return 0;
}

/* Lower the time of a cell of this strip, and let it wait in its bucket. Returns 0 where memory ran out. */
static inline int lower_time(const Field *f, Strip *strip, Cell *to, double time, double per_width) {
    const int64_t bucket = (int64_t)(time * per_width);
    /* a cell that waits in that very bucket need not wait there twice */
    const int waits = to->friction < 0.0f && (int64_t)(to->time * per_width) == bucket;
    to->time = time;
    if (waits) return 1;
    to->friction = -fabsf(to->friction);
    strip->live++;
    return add_cell(strip->ring + (bucket & (f->buckets - 1)), (uint32_t)(to - f->cells));
}

/* Note a time for a cell beyond the strip. Its height and friction come from the raster: its cell belongs to another thread. */
static int send_note(const Field *f, const Pace *pace, Strip *strip, const Cell *from, const Cell *to, int kind) {
    const int64_t wide = f->columns + 2, cell = to - f->cells, column = cell % wide - 1, at = (cell / wide - 1) * f->columns + column;
    if (column < 0 || column >= f->columns) return 1;
    const float factor = 0.5f * (from->friction + (f->friction ? fabsf(f->friction[at]) : 1.0f));
    const double time = from->time + (double)(edge_time(pace, kind, f->heights[at] - from->height) * factor);
    double *sent = strip->sent + (to < strip->first ? 0 : wide) + column;
    if (!(time < *sent && time <= f->limit)) return 1;
    *sent = time;
    if (strip->noted == strip->room) {
        int64_t room = strip->room ? 2 * strip->room : 256;
        Note *notes = realloc(strip->notes, (size_t)room * sizeof(Note));
        if (!notes) return 0;
        strip->notes = notes;
        strip->room = room;
    }
    strip->notes[strip->noted++] = (Note){time, (uint32_t)cell};
    return 1;
}

/* What does not change while a bucket is emptied. */
typedef struct {
    Field *field;
    Strip *strip;
    Pace pace;
    double limit, per_width;
} Round;

/* Go along one edge, of the kind 0 (east), 1 (north) or 2 (diagonal). Returns 0 where memory ran out. */
static inline int go_along(const Round *r, const Cell *from, int64_t step, int kind, int at_seam) {
    Cell *to = (Cell *)from + step;
    if (at_seam && (to < r->strip->first || to >= r->strip->end)) return send_note(r->field, &r->pace, r->strip, from, to, kind);
    if (to->time <= from->time + r->pace.least[kind]) return 1;
    const float factor = 0.5f * (from->friction + fabsf(to->friction));
    const double time = from->time + (double)(edge_time(&r->pace, kind, to->height - from->height) * factor);
    if (!(time < to->time && time <= r->limit)) return 1;
    return lower_time(r->field, r->strip, to, time, r->per_width);
}

/* Empty one bucket of a strip. Returns 0, or -1 where memory ran out. */
int64_t PUBLIC(empty_bucket)(Field *f, int64_t number, int64_t now) {
    const int64_t wide = f->columns + 2;
    const Pace pace = {f->seconds, 2 * f->half + 1, (float)f->half, (float)(2 * f->half), f->sign * f->per_step,
                       {f->least[0], f->least[1], f->least[2]}};
    Strip *strip = f->strips + number;
    const Round round = {f, strip, pace, f->limit, 1.0 / f->width};
    Bucket *open = strip->ring + (now & (f->buckets - 1));
    for (int64_t i = 0; i < open->count; i++) {
        if (i + AHEAD < open->count) {
            const Cell *next = f->cells + open->cells[i + AHEAD];
            __builtin_prefetch(next - wide);
            __builtin_prefetch(next);
            __builtin_prefetch(next + wide);
        }
        Cell *from = f->cells + open->cells[i];
        if (!(from->friction < 0.0f)) continue;  /* it was here before, from an earlier bucket */
        from->friction = -from->friction;
        const int at_seam = from < strip->first + wide || from >= strip->end - wide;
        /* written out, because a loop over the edges took a tenth more time */
        int room = go_along(&round, from, -1, 0, 0) & go_along(&round, from, 1, 0, 0);
        room &= go_along(&round, from, -wide, 1, at_seam) & go_along(&round, from, wide, 1, at_seam);
        room &= go_along(&round, from, -wide - 1, 2, at_seam) & go_along(&round, from, -wide + 1, 2, at_seam);
        room &= go_along(&round, from, wide - 1, 2, at_seam) & go_along(&round, from, wide + 1, 2, at_seam);
        if (!room) return -1;
    }
    strip->live -= open->count;
    open->count = 0;
    return 0;
}

/* Hand the notes of all strips to their neighbours; returns how many, or -1 where memory ran out. */
static int64_t deliver_notes(Field *f) {
    int64_t delivered = 0;
    for (int64_t s = 0; s < f->strip_count; s++) {
        Strip *strip = f->strips + s;
        for (int64_t i = 0; i < strip->noted; i++) {
            Cell *to = f->cells + strip->notes[i].cell;
            Strip *other = to < strip->first ? strip - 1 : strip + 1;
            const double time = strip->notes[i].time;
            if (time < to->time && !lower_time(f, other, to, time, 1.0 / f->width)) return -1;
        }
        delivered += strip->noted;
        strip->noted = 0;
    }
    return delivered;
}

/* The first bucket from `now` on in which a cell waits, -1 if there is none. */
static int64_t next_bucket(const Field *f, int64_t now) {
    int64_t first = -1;
    for (int64_t s = 0; s < f->strip_count; s++) {
        const Strip *strip = f->strips + s;
        if (strip->live == 0) continue;
        int64_t bucket = now;
        while (strip->ring[bucket & (f->buckets - 1)].count == 0) bucket++;
        first = first < 0 || bucket < first ? bucket : first;
    }
    return first;
}

/* Bring one bucket to rest over all strips, on one thread: what is left of it and what crosses their seams. Returns the next bucket in which
 * a cell waits, -1 if there is none, -2 where memory ran out. */
int64_t PUBLIC(settle)(Field *f, int64_t now) {
    int64_t delivered;
    do {
        for (int64_t s = 0; s < f->strip_count; s++)
            if (f->strips[s].ring[now & (f->buckets - 1)].count && SHARED(empty_bucket)(f, s, now)) return -2;
        delivered = deliver_notes(f);
        if (delivered < 0) return -2;
    } while (delivered);
    return next_bucket(f, now);
}

/* Bring all buckets to rest on one thread. Returns -1, or -2 where memory ran out. */
int64_t PUBLIC(settle_all)(Field *f, int64_t now) {
    while (now >= 0) now = SHARED(settle)(f, now);
    return now;
}

/* Let the sources wait; later ones in their own buckets (the wrapper keeps them within the ring). Returns the first bucket in which a cell waits,
 * -1 if there is none, -2 where memory ran out. */
int64_t PUBLIC(start_sources)(Field *f, const int64_t *sources, const float *starts, int64_t count) {
    for (int64_t i = 0; i < count; i++) {
        const int64_t row = sources[i] / f->columns, column = sources[i] % f->columns;
        Cell *cell = f->cells + (row + 1) * (f->columns + 2) + column + 1;
        int64_t s = 0;
        while (first_row(f, s + 1) <= row) s++;
        if (cell->time <= starts[i] || starts[i] > f->limit) continue;
        if (!lower_time(f, f->strips + s, cell, starts[i], 1.0 / f->width)) return -2;
    }
    return next_bucket(f, 0);
}

/* Copy the times of one strip out; infinite beyond the limit and where nobody can go. Returns 0. */
int64_t PUBLIC(copy_times)(Field *f, int64_t number) {
    for (int64_t row = first_row(f, number); row < first_row(f, number + 1); row++) {
        const Cell *line = f->cells + (row + 1) * (f->columns + 2) + 1;
        for (int64_t column = 0; column < f->columns; column++) {
            float time = (float)line[column].time;
            f->times[row * f->columns + column] = time < 0.0f ? INFINITY : time;
        }
    }
    return 0;
}

/* Give back what the strips hold. */
void PUBLIC(free_strips)(Field *f) {
    for (int64_t s = 0; s < f->strip_count; s++) {
        Strip *strip = f->strips + s;
        for (int64_t i = 0; strip->ring && i < f->buckets; i++) free(strip->ring[i].cells);
        free(strip->ring);
        free(strip->notes);
        free(strip->sent);
    }
}
