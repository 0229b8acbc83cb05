/* What the kernels share: symbol names, the height field, the least and greatest of two numbers.
 *
 * Every file is compiled once per variant (-DVARIANT=portable, -DVARIANT=avx2 -mavx2) into one shared library. The variants do the
 * same operations in the same order (no fused operations: -ffp-contract=off), so that their answers are the same to the last bit. */
#ifndef SARHAD_KERNELS_H
#define SARHAD_KERNELS_H

#include <stdint.h>

#define JOIN_NAMES(name, variant) sarhad_##name##_##variant
#define EXPAND_NAMES(name, variant) JOIN_NAMES(name, variant)
#define SHARED(name) EXPAND_NAMES(name, VARIANT)                               /* seen by the other files of the same variant */
#define PUBLIC(name) __attribute__((visibility("default"))) SHARED(name)       /* called from Python */

#define PAD 64              /* cells before and after each line of a plane: a pencil of rays may hang over the edge by half of it */
#define SMALL_SHIFT 2       /* small blocks: 4 x 4 cells */
#define BLOCK_SHIFT 4       /* fine blocks: 16 x 16 cells */
#define COARSE_SHIFT 7      /* coarse blocks: 128 x 128 cells */
#define BLOCK (1 << BLOCK_SHIFT)
#define VOID_HEIGHT -1e30f  /* stands for NaN: far below any line of sight, and still finite after interpolation */
#define NO_HORIZON -1e20f   /* below every slope to a real height, above every slope to a void */

/* Heights in one orientation: z[line * pitch + PAD + place]. `lines` + 1 lines are stored (the last one twice), each with its ends
 * repeated into the padding. Block (i, j) of `fine` is the greatest height over lines 16 i .. 16 i + 16 and padded places
 * 16 j .. 16 j + 16, both ends included, so that a crossing between two neighbours belongs to the block of the first; `small` and
 * `coarse` likewise. */
typedef struct {
    float *z, *small, *fine, *coarse;
    int64_t lines, places, pitch, small_lines, small_pitch, fine_lines, fine_pitch, coarse_lines, coarse_pitch;
} Plane;

typedef struct {
    Plane by_row;     /* lines are rows, places are columns */
    Plane by_column;  /* the transpose */
} Heights;

static inline int64_t least_of(int64_t a, int64_t b) { return a < b ? a : b; }
static inline int64_t greatest_of(int64_t a, int64_t b) { return a > b ? a : b; }

/* Least clearance [m] of the sight line between two lattice points over the terrain (exact R3); see sightline.c. */
double SHARED(line_clearance)(const Heights *heights, const double *from, const double *to, double bend_row, double bend_column,
                              double enough);

#endif
