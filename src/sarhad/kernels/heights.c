/* Prepare a height field once for all kernels: padded lines, their transpose, and the block maxima of both. */
#include "kernels.h"

#include <string.h>
#ifdef __AVX2__
#include <cpuid.h>
#include <immintrin.h>
#endif

/* Whether this processor and its system run the variant. Asked of the processor itself: the compilers' own test,
 * __builtin_cpu_supports, says no to everything in a library linked by ziglang. */
int PUBLIC(supported)(void)
{
#ifdef __AVX2__
    unsigned a, b, c, d, low, high;
    if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_OSXSAVE)) return 0;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    const unsigned wide_registers = 6;  /* the system keeps both halves when it switches tasks */
    if ((low & wide_registers) != wide_registers) return 0;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & bit_AVX2);
#else
    return 1;
#endif
}

static void pad_line(float *line, int64_t places, int64_t pitch)
{
    const float first = line[PAD], last = line[PAD + places - 1];
    for (int64_t i = 0; i < PAD; i++) line[i] = first;
    for (int64_t i = PAD + places; i < pitch; i++) line[i] = last;
}

/* The last line is stored twice: a crossing exactly on it has weight 0 for the line after it, which is read all the same. */
static void repeat_last_line(Plane *plane, int64_t to)
{
    if (to == plane->lines)
        memcpy(plane->z + to * plane->pitch, plane->z + (to - 1) * plane->pitch, sizeof(float) * (size_t)plane->pitch);
}

static void raise(float *into, const float *from, int64_t count)
{
    for (int64_t i = 0; i < count; i++) into[i] = from[i] > into[i] ? from[i] : into[i];
}

/* Small maxima of line b of small blocks; `line` is scratch of one pitch. */
static void fill_small_line(Plane *plane, int64_t b, float *line)
{
    const int64_t side = 1 << SMALL_SHIFT, first = b * side, last = least_of(first + side, plane->lines);
    memcpy(line, plane->z + first * plane->pitch, sizeof(float) * (size_t)plane->pitch);
    for (int64_t i = first + 1; i <= last; i++) raise(line, plane->z + i * plane->pitch, plane->pitch);
    /* greatest of places i .. i + 1, then of i .. i + 3; the fifth place of a block is the last of the next such four */
    for (int64_t i = 0; i < plane->pitch - 1; i++) line[i] = line[i + 1] > line[i] ? line[i + 1] : line[i];
    for (int64_t i = 0; i < plane->pitch - 2; i++) line[i] = line[i + 2] > line[i] ? line[i + 2] : line[i];
    float *small = plane->small + b * plane->small_pitch;
    for (int64_t j = 0; j < plane->small_pitch; j++) {
        const float *most = line + j * side;
        small[j] = most[1] > most[0] ? most[1] : most[0];
    }
}

/* Small maxima of the blocks that line i completes, while its lines are still in the cache. `from` is the first line of this call: the
 * block before it belongs to the call before, which lacks one line of it (fill_seam completes it). */
static void reduce_behind(Plane *plane, int64_t i, int64_t from, float *line)
{
    const int64_t side = 1 << SMALL_SHIFT;
    if (i > from && i % side == 0) fill_small_line(plane, i / side - 1, line);
    if (i == plane->lines - 1) {
        repeat_last_line(plane, plane->lines);
        fill_small_line(plane, i / side, line);
    }
}

/* Small maxima of the block that ends on line i, the first of a call to fill_rows or fill_columns. */
void PUBLIC(fill_seam)(Heights *heights, int transposed, int64_t i, float *line)
{
    fill_small_line(transposed ? &heights->by_column : &heights->by_row, i / (1 << SMALL_SHIFT) - 1, line);
}

/* Copy rows from .. to - 1 of a raster into the field; returns the number of voids among them. `from` is a multiple of a block. */
int64_t PUBLIC(fill_rows)(Heights *heights, const float *raster, int64_t raster_pitch, int64_t from, int64_t to, float *scratch)
{
    Plane *plane = &heights->by_row;
    int64_t voids = 0;
    for (int64_t r = from; r < to; r++) {
        const float *source = raster + r * raster_pitch;
        float *line = plane->z + r * plane->pitch;
        int32_t voids_of_row = 0;  /* as wide as a height, so that both go through the same registers */
        for (int64_t c = 0; c < plane->places; c++) {
            const int32_t real = (source[c] > VOID_HEIGHT) & (source[c] < -VOID_HEIGHT);  /* false for NaN and infinities */
            voids_of_row += !real;
            line[PAD + c] = real ? source[c] : VOID_HEIGHT;
        }
        voids += voids_of_row;
        pad_line(line, plane->places, plane->pitch);
        reduce_behind(plane, r, from, scratch);
    }
    return voids;
}

/* Write the transpose of 8 x 8 heights. */
static inline void turn_eight(const float *from, int64_t from_pitch, float *into, int64_t into_pitch)
{
#ifdef __AVX2__
    __m256 a[8], b[8];
    for (int i = 0; i < 8; i++) a[i] = _mm256_loadu_ps(from + i * from_pitch);
    for (int i = 0; i < 4; i++) {
        b[2 * i] = _mm256_unpacklo_ps(a[2 * i], a[2 * i + 1]);
        b[2 * i + 1] = _mm256_unpackhi_ps(a[2 * i], a[2 * i + 1]);
    }
    for (int h = 0; h < 8; h += 4)
        for (int i = 0; i < 2; i++) {
            a[h + 2 * i] = _mm256_shuffle_ps(b[h + i], b[h + i + 2], 0x44);
            a[h + 2 * i + 1] = _mm256_shuffle_ps(b[h + i], b[h + i + 2], 0xEE);
        }
    for (int i = 0; i < 4; i++) {
        _mm256_storeu_ps(into + i * into_pitch, _mm256_permute2f128_ps(a[i], a[i + 4], 0x20));
        _mm256_storeu_ps(into + (i + 4) * into_pitch, _mm256_permute2f128_ps(a[i], a[i + 4], 0x31));
    }
#else
    for (int i = 0; i < 8; i++)
        for (int k = 0; k < 8; k++) into[i * into_pitch + k] = from[k * from_pitch + i];
#endif
}

/* Write the transpose of one tile of 16 x 16 heights, or of what the raster's edge leaves of it. */
static void turn_tile(const float *from, int64_t from_pitch, float *into, int64_t into_pitch, int64_t rows, int64_t columns)
{
    if (rows == BLOCK && columns == BLOCK) {
        for (int64_t i = 0; i < BLOCK; i += 8)
            for (int64_t k = 0; k < BLOCK; k += 8) turn_eight(from + k * from_pitch + i, from_pitch, into + i * into_pitch + k, into_pitch);
        return;
    }
    for (int64_t i = 0; i < columns; i++)
        for (int64_t k = 0; k < rows; k++) into[i * into_pitch + k] = from[k * from_pitch + i];
}

/* Fill columns from .. to - 1 of the transpose, by tiles that stay in the first cache. `from` is a multiple of a block. */
void PUBLIC(fill_columns)(Heights *heights, int64_t from, int64_t to, float *scratch)
{
    const Plane *rows = &heights->by_row;
    Plane *columns = &heights->by_column;
    for (int64_t c = from; c < to; c += BLOCK) {
        const int64_t c_end = least_of(c + BLOCK, to);
        for (int64_t r = 0; r < rows->lines; r += BLOCK)
            turn_tile(rows->z + r * rows->pitch + PAD + c, rows->pitch, columns->z + c * columns->pitch + PAD + r, columns->pitch,
                      least_of(BLOCK, rows->lines - r), c_end - c);
        for (int64_t i = c; i < c_end; i++) {
            pad_line(columns->z + i * columns->pitch, columns->places, columns->pitch);
            reduce_behind(columns, i, from, scratch);
        }
    }
}

static void gather(const float *from, int64_t lines, int64_t pitch, int shift, float *into, int64_t into_lines, int64_t into_pitch)
{
    for (int64_t i = 0; i < into_lines * into_pitch; i++) into[i] = VOID_HEIGHT;
    for (int64_t i = 0; i < lines; i++)
        for (int64_t j = 0; j < pitch; j++) {
            float *most = into + (i >> shift) * into_pitch + (j >> shift);
            *most = from[i * pitch + j] > *most ? from[i * pitch + j] : *most;
        }
}

/* Fine and coarse maxima of one orientation from its small ones. */
void PUBLIC(fill_large)(Heights *heights, int transposed)
{
    Plane *p = transposed ? &heights->by_column : &heights->by_row;
    gather(p->small, p->small_lines, p->small_pitch, BLOCK_SHIFT - SMALL_SHIFT, p->fine, p->fine_lines, p->fine_pitch);
    gather(p->fine, p->fine_lines, p->fine_pitch, COARSE_SHIFT - BLOCK_SHIFT, p->coarse, p->coarse_lines, p->coarse_pitch);
}
