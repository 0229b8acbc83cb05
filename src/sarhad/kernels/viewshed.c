/* Viewsheds as bit windows: which cells of the window around an observer are in view (see pencil.h for the method).
 *
 * Bands of 16 rings are skipped where the block maxima cannot rise above the pencil's lowest horizon: neither a cell in view nor a
 * raised ray is lost, so that skipping changes no bit.
 *
 * The exact setting brackets the horizon between two rays instead of interpolating it. Upper bound: every crossing of a line between
 * the rays lies between two lattice neighbours, and its slope between theirs; the greatest slope of the lattice cells next to either
 * ray is above them all. Lower bound: the line crosses each ring between the two rays, at a height not below the least of the terrain
 * at both rays and at the cell between them, if there is one. Cells above the upper bound are in view and cells below the lower one
 * are not; the rest, and those within rounding of a ray, are decided by the sight line itself (exact R3). */
#include "pencil.h"

#include <string.h>

#define NEAR 8  /* rings on which the crossings between the rings are taken in: a third fewer cells off exact R3 for a tenth of the time */

typedef struct {
    _Alignas(32) float upper[RAYS];  /* greatest slope of the cells on both sides of the ray */
    _Alignas(32) float lower[RAYS];  /* greatest over the rings of the least slope between this ray and the next */
} Bracket;

typedef struct {
    uint8_t *bits;
    int64_t pitch, middle_line, middle_place;
} BitWindow;

/* Or up to 64 bits into the window; it has nine bytes to spare at its end. */
static inline void put_bits(const BitWindow *w, int64_t line, int64_t place, uint64_t bits)
{
    const int64_t at = w->middle_place + place;
    uint8_t *byte = w->bits + (w->middle_line + line) * w->pitch + (at >> 3);
    const int shift = (int)(at & 7);
    uint64_t word;
    memcpy(&word, byte, 8);
    word |= bits << shift;
    memcpy(byte, &word, 8);
    if (shift) byte[8] |= (uint8_t)(bits >> (64 - shift));
}

/* One bit for each cell first .. last (64 at most) of ring k: is its top at or above the interpolated horizon? */
static inline uint64_t cells_in_view(const Sector *s, const Pencil *p, int64_t k, int64_t first, int64_t last, float target)
{
    const float *line = s->plane->z + (s->line + s->sign * k) * s->plane->pitch + s->place;
    const float ring = (float)k, per_ring = 1.0f / ring, rays_per_place = (float)s->rays * per_ring;
    const float bend = s->along * ring, bend_across = s->across * per_ring, eye = s->eye - target;
    uint64_t bits = 0;
#ifdef __AVX2__
    const __m256 lane = _mm256_setr_ps(0, 1, 2, 3, 4, 5, 6, 7);
    for (int64_t c = first; c <= last; c += 8) {
        const __m256 place = _mm256_add_ps(_mm256_set1_ps((float)c), lane);
        __m256 x = _mm256_sub_ps(_mm256_mul_ps(place, _mm256_set1_ps(rays_per_place)), _mm256_set1_ps((float)p->left));
        x = _mm256_min_ps(_mm256_max_ps(x, _mm256_setzero_ps()), _mm256_set1_ps((float)OWN));
        const __m256i i = _mm256_min_epi32(_mm256_cvttps_epi32(x), _mm256_set1_epi32(OWN - 1));
        const __m256 part = _mm256_sub_ps(x, _mm256_cvtepi32_ps(i));
        const __m256 a = _mm256_i32gather_ps(p->horizon, i, 4), b = _mm256_i32gather_ps(p->horizon + 1, i, 4);
        const __m256 horizon = _mm256_add_ps(a, _mm256_mul_ps(part, _mm256_sub_ps(b, a)));
        const __m256 drop = _mm256_add_ps(_mm256_set1_ps(bend), _mm256_mul_ps(_mm256_set1_ps(bend_across), _mm256_mul_ps(place, place)));
        const __m256 rise = _mm256_mul_ps(_mm256_sub_ps(_mm256_loadu_ps(line + c), _mm256_set1_ps(eye)), _mm256_set1_ps(per_ring));
        const __m256 seen = _mm256_cmp_ps(_mm256_sub_ps(rise, drop), horizon, _CMP_GE_OQ);
        bits |= (uint64_t)(uint32_t)_mm256_movemask_ps(seen) << (c - first);
    }
#else
    for (int64_t c = first; c <= last; c++) {
        float part;
        const int i = ray_of(s, p, c, rays_per_place, &part);
        const float horizon = p->horizon[i] + part * (p->horizon[i + 1] - p->horizon[i]);
        const float drop = bend + bend_across * ((float)c * (float)c);
        bits |= (uint64_t)((line[c] - eye) * per_ring - drop >= horizon) << (c - first);
    }
#endif
    const int64_t count = last - first + 1;
    return count >= 64 ? bits : bits & ((1ull << count) - 1);
}

/* The same by the bracket: bits of the cells surely in view, and in `doubt` those that the bracket leaves open. */
static uint64_t cells_bracketed(const Sector *s, const Pencil *p, const Bracket *bracket, int64_t k, int64_t first, int64_t last,
                                float target, uint64_t *doubt)
{
    const float *line = s->plane->z + (s->line + s->sign * k) * s->plane->pitch + s->place;
    const float ring = (float)k, per_ring = 1.0f / ring, rays_per_place = (float)s->rays * per_ring;
    const float bend = s->along * ring, bend_across = s->across * per_ring, eye = s->eye - target;
    const float near = 4e-7f * (float)s->rays + 1e-5f;  /* rounding of a place's position among the rays */
    uint64_t sure = 0, open = 0;
    for (int64_t c = first; c <= last; c++) {
        float part;
        const int i = ray_of(s, p, c, rays_per_place, &part);
        const float slope = (line[c] - eye) * per_ring - (bend + bend_across * ((float)c * (float)c));
        const float upper = bracket->upper[i] > bracket->upper[i + 1] ? bracket->upper[i] : bracket->upper[i + 1];
        const float slack = 1e-3f * per_ring + 1e-6f * fabsf(slope) + 8.0f * (s->along + s->across);
        const int real = line[c] > VOID_HEIGHT, on_ray = part < near || part > 1.0f - near;
        const int above = slope - slack >= upper && !on_ray, below = slope + slack < bracket->lower[i] && !on_ray;
        sure |= (uint64_t)(real && above) << (c - first);
        open |= (uint64_t)(real && !above && !below) << (c - first);
    }
    *doubt = open;
    return sure;
}

static void raise_bracket(const Sector *s, const Pencil *p, Bracket *bracket, int64_t k)
{
    const float *line = s->plane->z + (s->line + s->sign * k) * s->plane->pitch + s->place;
    const float ring = (float)k, per_ring = 1.0f / ring, step = ring / (float)s->rays;
    float least[RAYS], at_ray[RAYS];
    for (int j = 0; j < RAYS; j++) {
        const float x = (float)(p->left + j) * step, whole = floorf(x), part = x - whole;
        const int64_t place = (int64_t)whole;
        const int64_t next_place = (int64_t)floorf((float)(p->left + j + 1) * step);
        const float a = line[place], b = line[place + 1], bend = p->bend[j] * ring;
        const float most = ((a > b ? a : b) - s->eye) * per_ring - bend;
        const float raised = most + 1e-3f * per_ring + 1e-6f * fabsf(most);
        bracket->upper[j] = raised > bracket->upper[j] ? raised : bracket->upper[j];
        at_ray[j] = a + part * (b - a);
        least[j] = next_place != place && b < at_ray[j] ? b : at_ray[j];
    }
    for (int j = 0; j < OWN; j++) {
        const float low = least[j] < at_ray[j + 1] ? least[j] : at_ray[j + 1];
        const float slope = (low - s->eye) * per_ring - p->bend[j] * ring;
        const float lowered = slope - 1e-3f * per_ring - 1e-6f * fabsf(slope);
        bracket->lower[j] = lowered > bracket->lower[j] ? lowered : bracket->lower[j];
    }
    bracket->lower[OWN] = bracket->lower[OWN - 1];
}

static inline void walk_pencil(const Sector *s, Pencil *p, float target, int skip, Bracket *bracket, const BitWindow *view,
                               const BitWindow *doubts)
{
    for (int64_t k = 1; k <= p->rings;) {
        const int64_t end = band_end(s, p, k);
        if (skip && band_bound(s, p, k, end, target) < least_horizon(bracket ? bracket->lower : p->horizon)) {
            k = end + 1;
            continue;
        }
        for (; k <= end; k++) {
            int64_t first, last;
            own_cells(s, p, k, &first, &last);
            if (first <= last) {
                uint64_t doubt = 0;
                const uint64_t seen = bracket ? cells_bracketed(s, p, bracket, k, first, last, target, &doubt)
                                              : cells_in_view(s, p, k, first, last, target);
                if (seen) put_bits(view, s->sign * k, first, seen);
                if (doubt) put_bits(doubts, s->sign * k, first, doubt);
            }
            if (bracket) {
                raise_bracket(s, p, bracket, k);
                continue;
            }
            if (k > 1 && k <= NEAR) raise_between(s, p, k);
            raise_rays(s, p, k);
        }
    }
}

static void walk_sector(const Sector *s, float target, int skip, int exact, const BitWindow *view, const BitWindow *doubts)
{
    Pencil pencil;
    Bracket bracket;
    for (int64_t first = 0; s->rings > 0 && first < 2 * s->rays; first += OWN) {
        start_pencil(s, &pencil, first);
        for (int j = 0; j < RAYS; j++) bracket.upper[j] = bracket.lower[j] = NO_HORIZON;
        if (exact) walk_pencil(s, &pencil, target, skip, &bracket, view, doubts);
        else walk_pencil(s, &pencil, target, skip, NULL, view, doubts);
    }
}

/* Transpose 8 x 8 bits (Warren, Hacker's Delight, 2nd ed., section 7-3). */
static inline uint64_t transpose_bits(uint64_t x)
{
    uint64_t t = (x ^ (x >> 7)) & 0x00AA00AA00AA00AAull;
    x ^= t ^ (t << 7);
    t = (x ^ (x >> 14)) & 0x0000CCCC0000CCCCull;
    x ^= t ^ (t << 14);
    t = (x ^ (x >> 28)) & 0x00000000F0F0F0F0ull;
    return x ^ t ^ (t << 28);
}

/* Or the transpose of one window (lines a multiple of eight) into another. */
static void merge_transpose(const uint8_t *from, int64_t lines, int64_t from_pitch, uint8_t *into, int64_t into_lines, int64_t pitch)
{
    for (int64_t i = 0; i < lines; i += 8)
        for (int64_t q = 0; q * 8 < into_lines; q++) {
            uint64_t x = 0;
            for (int e = 0; e < 8; e++) x |= (uint64_t)from[(i + e) * from_pitch + q] << (8 * e);
            if (!x) continue;
            x = transpose_bits(x);
            for (int e = 0; e < 8; e++) into[(q * 8 + e) * pitch + (i >> 3)] |= (uint8_t)(x >> (8 * e));
        }
}

/* What all observers of one call share. Windows have 2 * half_rows + 1 lines (rounded up to a multiple of eight, and one line to
 * spare) of `row_pitch` bytes; transposed ones 2 * half_columns + 1 lines of `column_pitch` bytes. */
typedef struct {
    int64_t half_rows, half_columns, row_pitch, column_pitch, rays_per_cell;
    const int32_t *reach_of_row, *reach_of_column;
    double target, bend_row, bend_column;  /* [m], earth's bend per squared cell [m] */
    int32_t skip, exact;
} Viewing;

static int64_t window_bytes(int64_t half_lines, int64_t pitch) { return ((2 * half_lines + 1 + 7) / 8 * 8 + 1) * pitch; }

static void walk_around(const Heights *heights, const Viewing *v, int64_t row, int64_t column, float eye, const BitWindow *by_row,
                        const BitWindow *by_column, const BitWindow *row_doubts, const BitWindow *column_doubts)
{
    for (int sign = -1; sign <= 1; sign += 2) {
        const Plane *rows = &heights->by_row, *columns = &heights->by_column;
        const int64_t row_rings = least_of(v->half_rows, sign < 0 ? row : rows->lines - 1 - row);
        const int64_t column_rings = least_of(v->half_columns, sign < 0 ? column : columns->lines - 1 - column);
        const Sector vertical = {rows, row, column + PAD, sign, 0, row_rings, v->rays_per_cell * row_rings, column,
                                 rows->places - 1 - column, v->reach_of_row, eye, (float)v->bend_row, (float)v->bend_column};
        const Sector horizontal = {columns, column, row + PAD, sign, 1, column_rings, v->rays_per_cell * column_rings, row,
                                   columns->places - 1 - row, v->reach_of_column, eye, (float)v->bend_column, (float)v->bend_row};
        walk_sector(&vertical, (float)v->target, v->skip, v->exact, by_row, row_doubts);
        walk_sector(&horizontal, (float)v->target, v->skip, v->exact, by_column, column_doubts);
    }
}

/* Decide each open cell by its sight line; returns their number. */
static int64_t settle(const Heights *heights, const Viewing *v, const double *eye, const uint8_t *doubts, uint8_t *view)
{
    const Plane *plane = &heights->by_row;
    const double just_hidden = -5e-324;
    int64_t settled = 0;
    for (int64_t i = 0; i < 2 * v->half_rows + 1; i++)
        for (int64_t q = 0; q * 64 < 2 * v->half_columns + 1; q++) {
            uint64_t word, seen = 0;
            memcpy(&word, doubts + i * v->row_pitch + 8 * q, 8);
            if (!word) continue;
            for (uint64_t rest = word; rest; rest &= rest - 1) {
                const int bit = __builtin_ctzll(rest);
                const int64_t r = (int64_t)eye[0] + i - v->half_rows, c = (int64_t)eye[1] + 64 * q + bit - v->half_columns;
                const double top[3] = {(double)r, (double)c, (double)plane->z[r * plane->pitch + PAD + c] + v->target};
                const double clear = SHARED(line_clearance)(heights, eye, top, v->bend_row, v->bend_column, just_hidden);
                seen |= (uint64_t)(clear >= 0.0) << bit;
                settled++;
            }
            memcpy(&word, view + i * v->row_pitch + 8 * q, 8);
            word |= seen;
            memcpy(view + i * v->row_pitch + 8 * q, &word, 8);
        }
    return settled;
}

/* Windows of `count` observers one after another into `views`; `scratch` holds three more windows (by row, by column, by column).
 * Returns the number of sight lines drawn by the exact setting. */
int64_t PUBLIC(viewsheds)(const Heights *heights, const Viewing *v, const int64_t *rows, const int64_t *columns,
                          const double *above_ground, int64_t count, uint8_t *views, uint8_t *scratch)
{
    const int64_t row_bytes = window_bytes(v->half_rows, v->row_pitch), column_bytes = window_bytes(v->half_columns, v->column_pitch);
    uint8_t *doubts = scratch, *transposed = scratch + row_bytes, *transposed_doubts = transposed + column_bytes;
    const int64_t row_lines = (2 * v->half_rows + 8) / 8 * 8, column_lines = (2 * v->half_columns + 8) / 8 * 8;
    int64_t settled = 0;
    for (int64_t n = 0; n < count; n++) {
        const Plane *plane = &heights->by_row;
        uint8_t *view = views + n * row_bytes;
        const double ground = (double)plane->z[rows[n] * plane->pitch + PAD + columns[n]];
        const double eye[3] = {(double)rows[n], (double)columns[n], ground + above_ground[n]};
        memset(view, 0, (size_t)row_bytes);
        memset(transposed, 0, (size_t)column_bytes);
        if (v->exact) {
            memset(doubts, 0, (size_t)row_bytes);
            memset(transposed_doubts, 0, (size_t)column_bytes);
        }
        const BitWindow by_row = {view, v->row_pitch, v->half_rows, v->half_columns};
        const BitWindow by_column = {transposed, v->column_pitch, v->half_columns, v->half_rows};
        const BitWindow row_doubts = {doubts, v->row_pitch, v->half_rows, v->half_columns};
        const BitWindow column_doubts = {transposed_doubts, v->column_pitch, v->half_columns, v->half_rows};
        walk_around(heights, v, rows[n], columns[n], (float)eye[2], &by_row, &by_column, &row_doubts, &column_doubts);
        put_bits(&by_row, 0, 0, 1);
        merge_transpose(transposed, column_lines, v->column_pitch, view, row_lines, v->row_pitch);
        if (!v->exact) continue;
        merge_transpose(transposed_doubts, column_lines, v->column_pitch, doubts, row_lines, v->row_pitch);
        settled += settle(heights, v, eye, doubts, view);
    }
    return settled;
}

/* Add one window's bits to a raster of counts; bits outside the raster are never set. */
void PUBLIC(add_view)(const Viewing *v, const uint8_t *view, int64_t row, int64_t column, uint32_t *counts, int64_t rows, int64_t columns)
{
    for (int64_t i = greatest_of(0, v->half_rows - row); i < 2 * v->half_rows + 1 && row + i - v->half_rows < rows; i++) {
        uint32_t *line = counts + (row + i - v->half_rows) * columns;
        for (int64_t q = 0; q * 64 < 2 * v->half_columns + 1; q++) {
            uint64_t word;
            memcpy(&word, view + i * v->row_pitch + 8 * q, 8);
            const int64_t start = column - v->half_columns + 64 * q;
            for (; word; word &= word - 1) line[start + __builtin_ctzll(word)]++;
        }
    }
}
