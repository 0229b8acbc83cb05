/* Sight lines between pairs of points, by exact R3: the terrain is linear between neighbouring cell centres on the lattice's rows and
 * columns, and the line is compared with it at every crossing of either family.
 *
 * With u the share of the way, L the horizontal length and b = (1 - refraction) / (2 R), the line stands over the datum, seen from a
 * round earth, at  h(u) = h0 + (h1 - h0) u - b L^2 u (1 - u).  The clearance is the least of h(u) - terrain(u) over the crossings.
 *
 * Pruning: the way is cut at the coarse blocks' edges along its longer axis; a segment whose lowest line height minus its highest
 * block is not below the least clearance so far cannot matter. The most promising segment is opened first, down to
 * the fine and the small blocks. */
#include "kernels.h"

#include <math.h>

#define NEAR 8.0      /* cells looked at near both ends when only the sign is asked for */
#define SEGMENTS 64  /* coarse segments weighed at once: 8,192 cells; longer lines go piece by piece */

/* A line in the frame of its longer axis: `along` counts places of the plane (padded), `across` counts its lines. */
typedef struct {
    const Plane *plane;
    double along0, across0, along, across;  /* start and extent; `along` is never negative */
    double per_along, per_across;           /* 1 / extent, 0 where there is none */
    double h0, rise, bend;                  /* height of the start, rise to the end, b L^2 */
} Line;

static inline double line_height(const Line *line, double u)
{
    return line->h0 + line->rise * u - line->bend * (u * (1.0 - u));
}

/* Least clearance over the crossings while `along` runs over [a, b): places first, then lines. With `stop` (a constant of each caller) the
 * first at or below `enough`. */
static inline __attribute__((always_inline)) double follow_line(const Line *line, double a, double b, double least, double enough,
                                                                int stop)
{
    const Plane *plane = line->plane;
    const double end = line->along0 + line->along;
    int64_t place = (int64_t)ceil(a);
    if ((double)place <= line->along0) place++;
    for (; (double)place < b && (double)place < end; place++) {
        const double u = ((double)place - line->along0) * line->per_along;
        const double x = line->across0 + line->across * u;
        const int64_t i = (int64_t)x;
        const double f = x - (double)i;
        const float *z = plane->z + i * plane->pitch + place;
        const double za = z[0], zb = z[plane->pitch];
        const double clearance = line_height(line, u) - (za + f * (zb - za));
        if (clearance < least) least = clearance;
        if (stop && least <= enough) return least;
    }
    if (line->across == 0.0) return least;
    const double x_start = line->across0, x_end = line->across0 + line->across;
    const double xa = x_start + line->across * ((a - line->along0) * line->per_along);
    const double xb = x_start + line->across * ((b - line->along0) * line->per_along);
    const double low = xa < xb ? xa : xb, high = xa < xb ? xb : xa;
    const double lowest = x_start < x_end ? x_start : x_end, highest = x_start < x_end ? x_end : x_start;
    /* one line more at either end: a crossing tested twice does no harm, one lost to rounding would */
    int64_t i = (int64_t)ceil(low - 1e-6);
    if ((double)i <= lowest) i = (int64_t)floor(lowest) + 1;
    for (; (double)i <= high + 1e-6 && (double)i < highest; i++) {
        const double u = ((double)i - x_start) * line->per_across;
        const double x = line->along0 + line->along * u;
        const int64_t p = (int64_t)x;
        const double f = x - (double)p;
        const float *z = plane->z + i * plane->pitch + p;
        const double za = z[0], zb = z[1];
        const double clearance = line_height(line, u) - (za + f * (zb - za));
        if (clearance < least) least = clearance;
        if (stop && least <= enough) return least;
    }
    return least;
}

static double open_segment(const Line *line, double a, double b, double least)
{
    return follow_line(line, a, b, least, 0.0, 0);
}

static double open_end(const Line *line, double a, double b, double least, double enough)
{
    return follow_line(line, a, b, least, enough, 1);
}

/* Lower bounds of the clearance on the segments of one length (1 << shift) between a and b, and the first one's number.
 *
 * The line's height is convex in u: on a segment it lies below its chord by no more than bend du^2 / 4. As the line runs no farther
 * across than along, a segment meets two blocks at most. Rounding may carry a crossing 1e-6 cells over a block's edge: a millimetre
 * covers that. */
static inline int weigh(const Line *line, const float *maxima, int64_t pitch, int shift, double a, double b, double *bounds,
                        int64_t *first)
{
    const int64_t from = (int64_t)a >> shift, to = greatest_of(((int64_t)ceil(b) - 1) >> shift, from);
    const int count = (int)(to - from) + 1;
    const double size = (double)(1 << shift), step = size * line->per_along;
    const double margin = 0.25 * line->bend * (step < 1.0 ? step * step : 1.0) + 1e-3;
    double height[SEGMENTS + 3], across[SEGMENTS + 3];
    for (int e = 0; e <= count; e++) {
        double x = (double)(from + e) * size;
        x = x > a ? x : a;
        x = x < b ? x : b;
        const double u = (x - line->along0) * line->per_along;
        height[e] = line_height(line, u);
        across[e] = line->across0 + line->across * u;
    }
    for (int s = 0; s < count; s++) {
        const double low = height[s] < height[s + 1] ? height[s] : height[s + 1];
        const double x_least = across[s] < across[s + 1] ? across[s] : across[s + 1];
        const double x_most = across[s] < across[s + 1] ? across[s + 1] : across[s];
        const float *place = maxima + from + s;
        const int64_t least = (int64_t)(x_least + 1e-6) >> shift, last = (int64_t)(x_most - 1e-6) >> shift;
        const float z0 = place[least * pitch], z1 = place[greatest_of(last, least) * pitch];
        bounds[s] = low - margin - (double)(z0 > z1 ? z0 : z1);
    }
    *first = from;
    return count;
}

static inline int lowest(const double *bounds, int count)
{
    int best = 0;
    for (int i = 1; i < count; i++) best = bounds[i] < bounds[best] ? i : best;
    return best;
}

/* Open the small segments of a fine one [a, b] that can lower the clearance. */
static double open_fine(const Line *line, double a, double b, double least, double enough)
{
    double bounds[(1 << (BLOCK_SHIFT - SMALL_SHIFT)) + 2];
    int64_t first;
    const int count = weigh(line, line->plane->small, line->plane->small_pitch, SMALL_SHIFT, a, b, bounds, &first);
    for (int s = 0; s < count && least > enough; s++) {
        if (!(bounds[s] < least)) continue;
        const double start = (double)((first + s) << SMALL_SHIFT), end = start + (double)(1 << SMALL_SHIFT);
        least = open_segment(line, start > a ? start : a, end < b ? end : b, least);
    }
    return least;
}

/* Open the fine segments of a coarse one [a, b] in order of promise, until none can lower the clearance. */
static double open_coarse(const Line *line, double a, double b, double least, double enough)
{
    const Plane *plane = line->plane;
    double bounds[(1 << (COARSE_SHIFT - BLOCK_SHIFT)) + 2];
    int64_t first;
    const int count = weigh(line, plane->fine, plane->fine_pitch, BLOCK_SHIFT, a, b, bounds, &first);
    while (least > enough) {
        const int best = lowest(bounds, count);
        if (!(bounds[best] < least)) break;
        const double start = (double)((first + best) * BLOCK);
        least = open_fine(line, start > a ? start : a, start + BLOCK < b ? start + BLOCK : b, least, enough);
        bounds[best] = INFINITY;
    }
    return least;
}

static double clearance_of(const Line *line, double enough)
{
    const Plane *plane = line->plane;
    const double end = line->along0 + line->along;
    /* nothing above `enough` matters to a caller who asks only whether the line is free */
    double least = enough > -INFINITY ? nextafter(enough, INFINITY) : INFINITY;
    const double limit = least;
    if (enough > -INFINITY) {
        /* Most blocked lines are blocked near an end: look there before anything is weighed. */
        const double reach = NEAR < line->along ? NEAR : line->along;
        least = open_end(line, line->along0, line->along0 + reach, least, enough);
        if (least > enough) least = open_end(line, end - reach, end, least, enough);
    }
    for (double a = line->along0; least > enough;) {
        const double stop = (double)((((int64_t)a >> COARSE_SHIFT) + SEGMENTS) << COARSE_SHIFT);
        const double b = stop < end ? stop : end;
        double bounds[SEGMENTS + 2];
        int64_t first;
        const int count = weigh(line, plane->coarse, plane->coarse_pitch, COARSE_SHIFT, a, b, bounds, &first);
        while (least > enough) {
            const int best = lowest(bounds, count);
            if (!(bounds[best] < least)) break;
            const double start = (double)((first + best) << COARSE_SHIFT), size = (double)(1 << COARSE_SHIFT);
            least = open_coarse(line, start > a ? start : a, start + size < b ? start + size : b, least, enough);
            bounds[best] = INFINITY;
        }
        if (b >= end) break;
        a = b;
    }
    if (least > 1e20 || (enough > -INFINITY && least == limit)) return INFINITY;  /* no crossing, or voids only, or free */
    return least;
}

/* from, to: row, column, height [m]; bend_row, bend_column: b times the squared cell size [1/m x m^2]. Stops as soon as the clearance
 * is at or below `enough` (-infinity: the least clearance itself; just below 0: free or not). Both points must be inside the raster. */
double SHARED(line_clearance)(const Heights *heights, const double *from, const double *to, double bend_row, double bend_column,
                              double enough)
{
    const double rows = to[0] - from[0], columns = to[1] - from[1];
    const int by_row = fabs(columns) >= fabs(rows);  /* the longer axis runs along memory */
    const int axis = by_row ? 1 : 0;
    const double extent = by_row ? columns : rows;
    const double *start = extent >= 0.0 ? from : to, *stop = extent >= 0.0 ? to : from;
    Line line = {.plane = by_row ? &heights->by_row : &heights->by_column};
    line.along0 = start[axis] + PAD;
    line.across0 = start[1 - axis];
    line.along = stop[axis] - start[axis];
    line.across = stop[1 - axis] - start[1 - axis];
    if (line.along == 0.0) return INFINITY;
    line.per_along = 1.0 / line.along;
    line.per_across = line.across != 0.0 ? 1.0 / line.across : 0.0;
    line.h0 = start[2];
    line.rise = stop[2] - start[2];
    line.bend = rows * rows * bend_row + columns * columns * bend_column;
    return clearance_of(&line, enough);
}

/* Whether a point lies inside the raster at a finite height, and none of the cells that its ground is interpolated from is a void. */
static int on_ground(const Plane *plane, const double *point)
{
    if (!(point[0] >= 0.0 && point[0] <= (double)(plane->lines - 1) && point[1] >= 0.0 && point[1] <= (double)(plane->places - 1)))
        return 0;
    const int64_t r = (int64_t)point[0], c = (int64_t)point[1];
    const int64_t down = point[0] > (double)r ? plane->pitch : 0, right = point[1] > (double)c ? 1 : 0;
    const float *z = plane->z + r * plane->pitch + PAD + c;
    return isfinite(point[2]) && z[0] > VOID_HEIGHT && z[down] > VOID_HEIGHT && z[right] > VOID_HEIGHT && z[down + right] > VOID_HEIGHT;
}

/* Flags of points that sight lines can be drawn from; once for all pairs, as looking at the ground costs as much as a short line. */
void PUBLIC(sound_points)(const Heights *heights, const double *points, int64_t count, uint8_t *sound)
{
    for (int64_t i = 0; i < count; i++) sound[i] = (uint8_t)on_ground(&heights->by_row, points + 3 * i);
}

/* Clearance [m] of each pair (observer, target); NaN where an end is not sound. */
void PUBLIC(clearances)(const Heights *heights, const double *observers, const uint8_t *sound_observers, const double *targets,
                        const uint8_t *sound_targets, const int32_t *pairs, int64_t count, double bend_row, double bend_column,
                        double enough, float *clearance)
{
    for (int64_t p = 0; p < count; p++) {
        const int64_t o = pairs[2 * p], t = pairs[2 * p + 1];
        const int sound = sound_observers[o] && sound_targets[t];
        clearance[p] = sound ? (float)SHARED(line_clearance)(heights, observers + 3 * o, targets + 3 * t, bend_row, bend_column, enough) : NAN;
    }
}

/* Pairs no farther apart than the range, observer by observer: their number, and themselves where `pairs` is given. */
int64_t PUBLIC(pairs_within)(const double *observers, int64_t observer_count, const double *targets, int64_t target_count,
                             double cell_row, double cell_column, double range, int32_t *pairs)
{
    int64_t found = 0;
    for (int64_t o = 0; o < observer_count; o++)
        for (int64_t t = 0; t < target_count; t++) {
            const double north = (targets[3 * t] - observers[3 * o]) * cell_row;
            const double east = (targets[3 * t + 1] - observers[3 * o + 1]) * cell_column;
            if (!(north * north + east * east <= range * range)) continue;
            if (pairs) {
                pairs[2 * found] = (int32_t)o;
                pairs[2 * found + 1] = (int32_t)t;
            }
            found++;
        }
    return found;
}
