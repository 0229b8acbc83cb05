/* Two slow judges of sight lines, for benchmarks/sight_lines.py: exact R3 at every single crossing, in double precision and with no
 * pruning; and GDAL's line of sight called from C, so that no Python call is charged to it. */
#include <math.h>
#include <stdint.h>

/* Least clearance over the crossings with the lines p (rows if by_row, else columns). */
static double family(const float *z, int64_t rows, int64_t columns, int by_row, const double *a, const double *b, double drop)
{
    const double p0 = by_row ? a[0] : a[1], p1 = by_row ? b[0] : b[1], q0 = by_row ? a[1] : a[0], q1 = by_row ? b[1] : b[0];
    const double low = p0 < p1 ? p0 : p1, high = p0 < p1 ? p1 : p0;
    const int64_t most = (by_row ? columns : rows) - 1;
    double least = INFINITY;
    for (int64_t p = (int64_t)floor(low) + 1; (double)p < high; p++) {
        const double u = ((double)p - p0) / (p1 - p0), q = q0 + (q1 - q0) * u, whole = floor(q), f = q - whole;
        const int64_t i = (int64_t)whole, next = i < most ? i + 1 : i;
        const double before = by_row ? z[p * columns + i] : z[i * columns + p];
        const double after = by_row ? z[p * columns + next] : z[next * columns + p];
        const double clear = a[2] + (b[2] - a[2]) * u - drop * u * (1.0 - u) - ((1.0 - f) * before + f * after);
        if (clear < least) least = clear;
    }
    return least;
}

void brute_clearances(const float *z, int64_t rows, int64_t columns, const double *from, const double *to, const int32_t *pairs,
                      int64_t count, double cell_m, double bend, double *clearance)
{
    for (int64_t n = 0; n < count; n++) {
        const double *a = from + 3 * pairs[2 * n], *b = to + 3 * pairs[2 * n + 1];
        const double drop = bend * cell_m * cell_m * ((b[0] - a[0]) * (b[0] - a[0]) + (b[1] - a[1]) * (b[1] - a[1]));
        const double r = family(z, rows, columns, 1, a, b, drop), c = family(z, rows, columns, 0, a, b, drop);
        clearance[n] = r < c ? r : c;
    }
}

typedef _Bool (*LineOfSight)(void *, int, int, double, int, int, double, int *, int *, char **);

void gdal_lines(LineOfSight visible, void *band, const double *from, const double *to, const int32_t *pairs, int64_t count, uint8_t *free)
{
    for (int64_t n = 0; n < count; n++) {
        const double *a = from + 3 * pairs[2 * n], *b = to + 3 * pairs[2 * n + 1];
        int x, y;
        free[n] = visible(band, (int)a[1], (int)a[0], a[2], (int)b[1], (int)b[0], b[2], &x, &y, 0);
    }
}
