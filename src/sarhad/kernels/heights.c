/* Prepare a height field once for all kernels: padded lines, their transpose, and the block maxima of both. */
#include "kernels.h"

#include <math.h>
#include <string.h>

int PUBLIC(supported)(void)
{
#ifdef __AVX2__
    return __builtin_cpu_supports("avx2") != 0;
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

/* Copy rows from .. to - 1 of a raster into the field; returns the number of voids among them. */
int64_t PUBLIC(fill_rows)(Heights *heights, const float *raster, int64_t raster_pitch, int64_t from, int64_t to)
{
    Plane *plane = &heights->by_row;
    int64_t voids = 0;
    for (int64_t r = from; r < to; r++) {
        const float *source = raster + r * raster_pitch;
        float *line = plane->z + r * plane->pitch;
        for (int64_t c = 0; c < plane->places; c++) {
            const int real = source[c] > VOID_HEIGHT && source[c] < -VOID_HEIGHT;  /* false for NaN and infinities */
            voids += !real;
            line[PAD + c] = real ? source[c] : VOID_HEIGHT;
        }
        pad_line(line, plane->places, plane->pitch);
    }
    repeat_last_line(plane, to);
    return voids;
}

/* Fill columns from .. to - 1 of the transpose, by tiles that stay in the first cache. */
void PUBLIC(fill_columns)(Heights *heights, int64_t from, int64_t to)
{
    const Plane *rows = &heights->by_row;
    Plane *columns = &heights->by_column;
    for (int64_t c = from; c < to; c += BLOCK) {
        const int64_t c_end = least_of(c + BLOCK, to);
        for (int64_t r = 0; r < rows->lines; r += BLOCK) {
            const int64_t r_end = least_of(r + BLOCK, rows->lines);
            for (int64_t i = c; i < c_end; i++)
                for (int64_t k = r; k < r_end; k++)
                    columns->z[i * columns->pitch + PAD + k] = rows->z[k * rows->pitch + PAD + i];
        }
        for (int64_t i = c; i < c_end; i++) pad_line(columns->z + i * columns->pitch, columns->places, columns->pitch);
    }
    repeat_last_line(columns, to);
}

static void raise(float *into, const float *from, int64_t count)
{
    for (int64_t i = 0; i < count; i++) into[i] = from[i] > into[i] ? from[i] : into[i];
}

/* Small maxima of the lines of small blocks from .. to - 1 of one orientation; `line` is scratch of one pitch. */
void PUBLIC(fill_small)(Heights *heights, int transposed, int64_t from, int64_t to, float *line)
{
    const int64_t side = 1 << SMALL_SHIFT;
    Plane *plane = transposed ? &heights->by_column : &heights->by_row;
    for (int64_t b = from; b < to; b++) {
        const int64_t first = b * side, last = least_of(first + side, plane->lines);
        memcpy(line, plane->z + first * plane->pitch, sizeof(float) * (size_t)plane->pitch);
        for (int64_t i = first + 1; i <= last; i++) raise(line, plane->z + i * plane->pitch, plane->pitch);
        for (int64_t j = 0; j < plane->small_pitch; j++) {
            const int64_t end = least_of((j + 1) * side, plane->pitch - 1);
            float most = VOID_HEIGHT;
            for (int64_t i = j * side; i <= end; i++) most = line[i] > most ? line[i] : most;
            plane->small[b * plane->small_pitch + j] = most;
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
