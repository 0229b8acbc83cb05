/* Pencils of rays: what viewsheds and horizon heights share.
 *
 * The neighbourhood of an observer is cut into four sectors, each walked outwards ring by ring (line by line of a plane: rows up and
 * down, columns left and right). A sector's rays, evenly spaced in tangent, are walked in pencils of 64, so that a pencil's state
 * stays in registers and the first cache. A ray's horizon is the greatest slope seen so far,
 *
 *     slope = (z - eye) / k - k (along + across t^2)      [m per ring],    k ring, t = places per ring (tangent),
 *
 * where `along` and `across` are the earth's bend per squared cell along and across the rings. Between two rays it is interpolated.
 *
 *            ring 3   .  . \.  . | .  ./ .        rays: at least two per cell on the last ring
 *            ring 2   .  .  .\ . | . /.  .
 *            ring 1   .  .  .  \.|./  .  .
 *            eye                 o                                                                                             */
#ifndef SARHAD_PENCIL_H
#define SARHAD_PENCIL_H

#include "kernels.h"

#include <math.h>
#ifdef __AVX2__
#include <immintrin.h>
#endif

#define RAYS 64
#define OWN (RAYS - 1)  /* intervals between the rays of a pencil; the last ray is the next pencil's first */

typedef struct {
    const Plane *plane;
    int64_t line, place;         /* the observer's cell; place is padded */
    int sign;                    /* +1: rings at growing lines, -1: at falling ones */
    int64_t inner;               /* 1 where the diagonal belongs to the other sectors */
    int64_t rings, rays;         /* last ring; rays from the middle to the diagonal */
    int64_t before, after;       /* places inside the raster before and after the observer's */
    const int32_t *reach;        /* per ring, the farthest place inside the range */
    float eye, along, across;
} Sector;

typedef struct {
    _Alignas(32) float horizon[RAYS];
    _Alignas(32) float bend[RAYS];
    int64_t first;               /* number of the first ray, 0 on the left diagonal, 2 * rays on the right one */
    int64_t left, right;         /* first and last own ray, counted from the middle */
    int64_t rings;               /* last ring where the pencil has a cell inside the range and the raster */
} Pencil;

static inline int64_t floor_div(int64_t a, int64_t b) { return a >= 0 ? a / b : -((-a + b - 1) / b); }
static inline int64_t ceil_div(int64_t a, int64_t b) { return -floor_div(-a, b); }

static inline int reaches(const Sector *s, const Pencil *p, int64_t k)
{
    const int64_t low = ceil_div(p->left * k, s->rays), high = floor_div(p->right * k, s->rays);
    const int64_t near = low > 0 ? low : high < 0 ? -high : 0;
    return near <= s->reach[k] && low <= s->after && high >= -s->before;
}

static inline void start_pencil(const Sector *s, Pencil *p, int64_t first)
{
    p->first = first;
    p->left = first - s->rays;
    p->right = least_of(p->left + OWN, s->rays);
    for (int j = 0; j < RAYS; j++) {
        const float t = (float)(p->left + j) / (float)s->rays;
        p->bend[j] = s->along + s->across * (t * t);
        p->horizon[j] = NO_HORIZON;
    }
    int64_t in = 0, out = s->rings + 1;  /* reaches() is true up to some ring and false beyond */
    while (out - in > 1) {
        const int64_t k = (in + out) / 2;
        if (reaches(s, p, k)) in = k; else out = k;
    }
    p->rings = in;
}

/* The pencil's own cells on ring k: first and last place from the observer's, clipped to range and raster. */
static inline void own_cells(const Sector *s, const Pencil *p, int64_t k, int64_t *first, int64_t *last)
{
    const int64_t reach = least_of(s->reach[k], k - s->inner);
    const int64_t to = p->first + OWN >= 2 * s->rays ? k : ceil_div((p->left + OWN) * k, s->rays) - 1;
    *first = greatest_of(ceil_div(p->left * k, s->rays), -least_of(reach, s->before));
    *last = least_of(to, least_of(reach, s->after));
}

/* Last ring of the band (the fine block's lines) that ring k lies in. */
static inline int64_t band_end(const Sector *s, const Pencil *p, int64_t k)
{
    const int64_t line = s->line + s->sign * k, within = line & (BLOCK - 1);
    return least_of(k + (s->sign > 0 ? BLOCK - 1 - within : within), p->rings);
}

/* No slope of the pencil's terrain (plus `above` metres) on rings k .. end of one band exceeds this. */
static inline float band_bound(const Sector *s, const Pencil *p, int64_t k, int64_t end, float above)
{
    const int64_t low = s->place + (p->left < 0 ? floor_div(p->left * end, s->rays) : p->left * k / s->rays) - 1;
    const int64_t high = s->place + (p->right < 0 ? ceil_div(p->right * k, s->rays) : ceil_div(p->right * end, s->rays)) + 1;
    const float *fine = s->plane->fine + ((s->line + s->sign * k) >> BLOCK_SHIFT) * s->plane->fine_pitch;
    float z = VOID_HEIGHT;
    for (int64_t b = low >> BLOCK_SHIFT; b <= high >> BLOCK_SHIFT; b++) z = fine[b] > z ? fine[b] : z;
    const float rise = z - s->eye + above;
    const float slope = (rise > 0 ? rise / (float)k : rise / (float)end) - s->along * (float)k;
    return slope + 1e-5f + 1e-5f * fabsf(slope) + 1e-5f * s->along * (float)k;  /* float rounding, with room to spare */
}

static inline float least_horizon(const float *horizon)
{
    float least = horizon[0];
    for (int j = 1; j < RAYS; j++) least = horizon[j] < least ? horizon[j] : least;
    return least;
}

/* Raise every ray's horizon by the terrain of ring k. */
static inline void raise_rays(const Sector *s, Pencil *p, int64_t k)
{
    const float *line = s->plane->z + (s->line + s->sign * k) * s->plane->pitch + s->place;
    const float ring = (float)k, per_ring = 1.0f / ring, step = ring / (float)s->rays;
#ifdef __AVX2__
    const __m256 lane = _mm256_setr_ps(0, 1, 2, 3, 4, 5, 6, 7), eye = _mm256_set1_ps(s->eye);
    for (int j = 0; j < RAYS; j += 8) {
        const __m256 x = _mm256_mul_ps(_mm256_add_ps(_mm256_set1_ps((float)(p->left + j)), lane), _mm256_set1_ps(step));
        const __m256 whole = _mm256_floor_ps(x), part = _mm256_sub_ps(x, whole);
        const __m256i place = _mm256_cvttps_epi32(whole);
        /* eight rays span four cells at most (two rays per cell or more): one load and two shuffles instead of two gathers */
        const int base = _mm_cvtsi128_si32(_mm256_castsi256_si128(place));
        const __m256i offset = _mm256_sub_epi32(place, _mm256_set1_epi32(base));
        const __m256 cells = _mm256_loadu_ps(line + base);
        const __m256 a = _mm256_permutevar8x32_ps(cells, offset);
        const __m256 b = _mm256_permutevar8x32_ps(cells, _mm256_add_epi32(offset, _mm256_set1_epi32(1)));
        const __m256 z = _mm256_add_ps(a, _mm256_mul_ps(part, _mm256_sub_ps(b, a)));
        const __m256 bend = _mm256_mul_ps(_mm256_load_ps(p->bend + j), _mm256_set1_ps(ring));
        const __m256 slope = _mm256_sub_ps(_mm256_mul_ps(_mm256_sub_ps(z, eye), _mm256_set1_ps(per_ring)), bend);
        _mm256_store_ps(p->horizon + j, _mm256_max_ps(slope, _mm256_load_ps(p->horizon + j)));
    }
#else
    for (int j = 0; j < RAYS; j++) {
        const float x = (float)(p->left + j) * step, whole = floorf(x), part = x - whole;
        const int64_t place = (int64_t)whole;
        const float a = line[place], b = line[place + 1], z = a + part * (b - a);
        const float slope = (z - s->eye) * per_ring - p->bend[j] * ring;
        p->horizon[j] = slope > p->horizon[j] ? slope : p->horizon[j];
    }
#endif
}

/* Raise every ray's horizon by its crossing with a column of places between rings k - 1 and k, if it has one. Close to the eye a
 * missed metre grows with the distance behind it; farther out it no longer matters. */
static inline void raise_between(const Sector *s, Pencil *p, int64_t k)
{
    const float *line = s->plane->z + (s->line + s->sign * k) * s->plane->pitch + s->place;
    const float *before = line - s->sign * s->plane->pitch;
    for (int j = 0; j < RAYS; j++) {
        const float t = fabsf((float)(p->left + j) / (float)s->rays), x = t * (float)k, c = floorf(x);
        if (!(c > t * (float)(k - 1) && c < x)) continue;
        const float u = c / t, part = u - (float)(k - 1);
        const int64_t place = p->left + j < 0 ? -(int64_t)c : (int64_t)c;
        const float z = before[place] + part * (line[place] - before[place]);
        const float slope = (z - s->eye) / u - p->bend[j] * u;
        p->horizon[j] = slope > p->horizon[j] ? slope : p->horizon[j];
    }
}

/* A place's position among the pencil's rays, and the share of the way to the next ray. */
static inline int ray_of(const Sector *s, const Pencil *p, int64_t cell, float rays_per_place, float *part)
{
    float x = (float)cell * rays_per_place - (float)p->left;
    (void)s;
    x = x > 0.0f ? x : 0.0f;
    x = x < (float)OWN ? x : (float)OWN;
    int i = (int)x;
    i = i < OWN - 1 ? i : OWN - 1;
    *part = x - (float)i;
    return i;
}

#endif
