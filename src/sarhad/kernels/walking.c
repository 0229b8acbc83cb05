/* Travel-time field over terrain: shortest times on the grid of 8 neighbours, where an edge's time depends on the signed height
 * difference along it, so that up and down differ.
 *
 * Method: buckets of equal width in time (Dial 1969; Denardo and Fox 1979). A bucket is emptied in any order; a cell whose time improves
 * while its own bucket is open is simply looked at again, so the answer does not depend on the width, only the speed does. A cell that waits is
 * marked, so that it waits in a bucket but once. The ring of buckets must reach farther than the longest edge. */
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
    int64_t half;
    float per_step, sign, least[3];
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
    float at = rise * pace->sign * pace->per_step + (float)pace->half;
    if (!(at >= 0.0f && at < (float)(2 * pace->half))) return INFINITY;
    int64_t i = (int64_t)at;
    const float *sample = pace->seconds + kind * (2 * pace->half + 1) + i;
    return sample[0] + (at - (float)i) * (sample[1] - sample[0]);
}

/* A frame of closed cells around the raster spares every edge a test. */
static void frame_cells(Cell *cells, const float *heights, const float *friction, int64_t rows, int64_t columns) {
    const int64_t wide = columns + 2;
    for (int64_t i = 0; i < wide; i++) cells[i].time = cells[(rows + 1) * wide + i].time = CLOSED;
    for (int64_t row = 0; row < rows; row++) {
        Cell *line = cells + (row + 1) * wide;
        line[0].time = line[wide - 1].time = CLOSED;
        for (int64_t column = 0; column < columns; column++) {
            float z = heights[row * columns + column], f = friction ? friction[row * columns + column] : 1.0f;
            int open = isfinite(z) && isfinite(f) && f > 0.0f;
            line[column + 1] = (Cell){open ? INFINITY : CLOSED, z, f};
        }
    }
}

static int spread_times(Cell *cells, int64_t wide, const Pace *pace, float limit, Bucket *ring, int64_t buckets, double per_width,
                        int64_t live) {
    const int64_t step[8] = {-1, 1, -wide, wide, -wide - 1, -wide + 1, wide - 1, wide + 1};
    for (int64_t now = 0; live > 0; now++) {
        Bucket *open = ring + (now & (buckets - 1));
        for (int64_t i = 0; i < open->count; i++) {
            if (i + AHEAD < open->count) {
                const Cell *next = cells + open->cells[i + AHEAD];
                __builtin_prefetch(next - wide);
                __builtin_prefetch(next);
                __builtin_prefetch(next + wide);
            }
            Cell *from = cells + open->cells[i];
            if (!(from->friction < 0.0f)) continue;  /* it was here before, from an earlier bucket */
            from->friction = -from->friction;
            for (int e = 0; e < 8; e++) {
                Cell *to = from + step[e];
                const int kind = e < 2 ? 0 : e < 4 ? 1 : 2;
                if (to->time <= from->time + pace->least[kind]) continue;
                const float factor = 0.5f * (from->friction + fabsf(to->friction));
                const double time = from->time + (double)(edge_time(pace, kind, to->height - from->height) * factor);
                if (!(time < to->time && time <= limit)) continue;
                const int64_t bucket = (int64_t)(time * per_width);
                /* a cell that waits in that very bucket need not wait there twice */
                const int waits = to->friction < 0.0f && (int64_t)(to->time * per_width) == bucket;
                to->time = time;
                if (waits) continue;
                to->friction = -fabsf(to->friction);
                if (!add_cell(ring + (bucket & (buckets - 1)), (uint32_t)(to - cells))) return 0;
                live++;
            }
        }
        live -= open->count;
        open->count = 0;
    }
    return 1;
}

/* Least time [s] from the sources to every cell (sign 1), or from every cell to the sources (sign -1); infinite beyond the limit and
 * where nobody can go. `buckets` is a power of two; `cells` is scratch of (rows + 2) (columns + 2)
 * cells, from the caller, because numpy asks the system for huge pages (4 to 11 % of the time on 16 million cells).
 * Returns 0, or -1 where memory ran out. */
int64_t PUBLIC(travel_times)(const float *heights, const float *friction, int64_t rows, int64_t columns, const float *seconds,
                             int64_t half, float per_step, const float *least, float sign, const int64_t *sources, const float *starts,
                             int64_t count, float limit, float width, int64_t buckets, Cell *cells, float *times) {
    const int64_t wide = columns + 2;
    const double per_width = 1.0 / (double)width;
    Pace pace = {seconds, half, per_step, sign, {least[0], least[1], least[2]}};
    frame_cells(cells, heights, friction, rows, columns);
    Bucket *ring = calloc((size_t)buckets, sizeof(Bucket));
    int done = ring != NULL;
    int64_t live = 0;
    /* Later starts wait in their own bucket; the wrapper keeps them within the ring. */
    for (int64_t i = 0; done && i < count; i++) {
        int64_t cell = (sources[i] / columns + 1) * wide + sources[i] % columns + 1;
        if (cells[cell].time <= starts[i] || starts[i] > limit) continue;
        cells[cell].time = starts[i];
        cells[cell].friction = -fabsf(cells[cell].friction);
        done = add_cell(ring + ((int64_t)((double)starts[i] * per_width) & (buckets - 1)), (uint32_t)cell);
        live++;
    }
    done = done && spread_times(cells, wide, &pace, limit, ring, buckets, per_width, live);
    for (int64_t row = 0; done && row < rows; row++)
        for (int64_t column = 0; column < columns; column++) {
            float time = (float)cells[(row + 1) * wide + column + 1].time;
            times[row * columns + column] = time < 0.0f ? INFINITY : time;
        }
    for (int64_t i = 0; ring && i < buckets; i++) free(ring[i].cells);
    free(ring);
    return done ? 0 : -1;
}
