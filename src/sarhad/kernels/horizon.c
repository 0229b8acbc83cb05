/* The reverse of a viewshed: for every cell around a target, the least height above ground from which the target is in view
 * (see pencil.h for the method). Sight is symmetric, so the rays start at the target and carry the horizon that an observer must top. */
#include "pencil.h"

#define NEAR 64  /* rings on which the crossings between the rings are taken in: 99 % of the errors fall from 23 m to 0.6 m */

typedef struct {
    float *heights;                             /* one window, row by row */
    int64_t line_step, place_step;              /* elements from one kept line or place to the next, as the sector counts them */
    int64_t middle, stride;                     /* element of the target's own cell; every stride-th ring and place is kept */
} HeightWindow;

/* Least heights of the kept cells first .. last of ring k. */
static void write_heights(const Sector *s, const Pencil *p, int64_t k, int64_t first, int64_t last, const HeightWindow *w)
{
    const float *line = s->plane->z + (s->line + s->sign * k) * s->plane->pitch + s->place;
    const float ring = (float)k, per_ring = 1.0f / ring, rays_per_place = (float)s->rays * per_ring;
    const float bend = s->along * ring, bend_across = s->across * per_ring, eye = s->eye;
    float *out = w->heights + w->middle + s->sign * (k / w->stride) * w->line_step;
    const int64_t stride = w->stride, from = ceil_div(first, stride), count = floor_div(last, stride) - from + 1;
    float least[RAYS];
    for (int64_t n = 0; n < count; n++) {
        const int64_t c = (from + n) * stride;
        float part;
        const int i = ray_of(s, p, c, rays_per_place, &part);
        const float horizon = p->horizon[i] + part * (p->horizon[i + 1] - p->horizon[i]);
        const float above = eye + (horizon + (bend + bend_across * ((float)c * (float)c))) * ring - line[c];
        const float height = above > 0.0f ? above : 0.0f;
        least[n] = line[c] > VOID_HEIGHT ? height : NAN;
    }
    for (int64_t n = 0; n < count; n++) out[(from + n) * w->place_step] = least[n];
}

static void walk_pencil(const Sector *s, Pencil *p, int skip, const HeightWindow *w)
{
    for (int64_t k = 1; k <= p->rings;) {
        const int64_t end = band_end(s, p, k);
        const int below = skip && band_bound(s, p, k, end, 0.0f) < least_horizon(p->horizon);
        for (; k <= end; k++) {
            int64_t first = 1, last = 0;
            if (k % w->stride == 0) own_cells(s, p, k, &first, &last);
            if (first <= last) write_heights(s, p, k, first, last, w);
            if (below) continue;
            if (k > 1 && k <= NEAR) raise_between(s, p, k);
            raise_rays(s, p, k);
        }
    }
}

static void walk_sector(const Sector *s, int skip, const HeightWindow *w)
{
    Pencil pencil;
    for (int64_t first = 0; s->rings > 0 && first < 2 * s->rays; first += OWN) {
        start_pencil(s, &pencil, first);
        walk_pencil(s, &pencil, skip, w);
    }
}

typedef struct {
    int64_t half_rows, half_columns, stride, rays_per_cell;  /* half_rows and half_columns in cells */
    const int32_t *reach_of_row, *reach_of_column;
    double bend_row, bend_column;
    int64_t skip;
} Reverse;

/* Infinite where the raster goes on beyond the range, NaN outside the raster. */
static void clear_window(const Heights *heights, const Reverse *v, int64_t row, int64_t column, float *window, int64_t lines,
                         int64_t places)
{
    for (int64_t i = 0; i < lines; i++) {
        const int64_t r = row + (i - lines / 2) * v->stride;
        for (int64_t j = 0; j < places; j++) {
            const int64_t c = column + (j - places / 2) * v->stride;
            const int inside = r >= 0 && r < heights->by_row.lines && c >= 0 && c < heights->by_row.places;
            window[i * places + j] = inside ? INFINITY : NAN;
        }
    }
}

/* Windows of `count` targets, each 2 (half_rows / stride) + 1 by 2 (half_columns / stride) + 1 float32, target in the middle. */
void PUBLIC(least_heights)(const Heights *heights, const Reverse *v, const int64_t *rows, const int64_t *columns,
                           const double *above_ground, int64_t count, float *windows)
{
    const int64_t lines = 2 * (v->half_rows / v->stride) + 1, places = 2 * (v->half_columns / v->stride) + 1;
    for (int64_t n = 0; n < count; n++) {
        const Plane *up = &heights->by_row, *across = &heights->by_column;
        const int64_t row = rows[n], column = columns[n], middle = lines / 2 * places + places / 2;
        const float eye = (float)((double)up->z[row * up->pitch + PAD + column] + above_ground[n]);
        float *window = windows + n * lines * places;
        clear_window(heights, v, row, column, window, lines, places);
        window[middle] = 0.0f;
        for (int sign = -1; sign <= 1; sign += 2) {
            const int64_t row_rings = least_of(v->half_rows, sign < 0 ? row : up->lines - 1 - row);
            const int64_t column_rings = least_of(v->half_columns, sign < 0 ? column : across->lines - 1 - column);
            const Sector vertical = {up, row, column + PAD, sign, 0, row_rings, v->rays_per_cell * row_rings, column,
                                     up->places - 1 - column, v->reach_of_row, eye, (float)v->bend_row, (float)v->bend_column};
            const Sector horizontal = {across, column, row + PAD, sign, 1, column_rings, v->rays_per_cell * column_rings, row,
                                       across->places - 1 - row, v->reach_of_column, eye, (float)v->bend_column, (float)v->bend_row};
            const HeightWindow by_row = {window, places, 1, middle, v->stride}, by_column = {window, 1, places, middle, v->stride};
            walk_sector(&vertical, v->skip != 0, &by_row);
            walk_sector(&horizontal, v->skip != 0, &by_column);
        }
    }
}
