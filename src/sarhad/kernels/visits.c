/* Visits and fields: what visits add to the effort on every field, and what a visit anywhere is worth.
 *
 * A field is (border cell, hour of the day, channel); all its arrays are laid out [cell][hour][channel], so that one pair of station
 * and seen cell is a run of hours x channels floats. Pairs of a station follow each other: starts[station] .. starts[station + 1]. */
#include "kernels.h"

#define HOURS 24
#define MOST_WIDTH 768  /* hours x channels at most: 32 channels */

/* effort[cell][hour][.] += sign * strength[quarters - 1][pair][hour][.] for every pair of every visit. With one row every visit is a
 * pass; with four, a visit of no quarters only goes through its station and adds nothing, as in duty.c. */
void PUBLIC(add_visits)(float *effort, const int32_t *starts, const int32_t *cells, const float *strength, int64_t rows,
                        int64_t pairs, int64_t channels, const int16_t *station, const int8_t *hour, const int8_t *quarters,
                        int64_t visits, float sign)
{
    const int64_t width = HOURS * channels;
    for (int64_t v = 0; v < visits; v++) {
        if (rows > 1 && quarters[v] == 0)
            continue;
        const int64_t row = quarters[v] > 0 ? quarters[v] - 1 : 0;
        const int64_t at = hour[v] * channels;
        for (int64_t p = starts[station[v]]; p < starts[station[v] + 1]; p++) {
            float *into = effort + cells[p] * width + at;
            const float *from = strength + (row * pairs + p) * width + at;
            for (int64_t c = 0; c < channels; c++)
                into[c] += sign * from[c];
        }
    }
}

/* worth[hour][station - first] (+)= sum over the station's pairs and channels of table[pair][hour][channel] * price[cell][hour][channel]. */
void PUBLIC(worth_of_visits)(const int32_t *starts, const int32_t *cells, const float *table, const float *price, int64_t channels,
                             int64_t first, int64_t count, int64_t add, float *worth)
{
    const int64_t width = HOURS * channels;
    float sums[MOST_WIDTH];
    for (int64_t i = 0; i < count; i++) {
        for (int64_t k = 0; k < width; k++)
            sums[k] = 0.0f;
        for (int64_t p = starts[first + i]; p < starts[first + i + 1]; p++) {
            const float *of_pair = table + p * width, *of_cell = price + cells[p] * width;
            for (int64_t k = 0; k < width; k++)
                sums[k] += of_pair[k] * of_cell[k];
        }
        for (int64_t h = 0; h < HOURS; h++) {
            float sum = 0.0f;
            for (int64_t c = 0; c < channels; c++)
                sum += sums[h * channels + c];
            if (add)
                worth[h * count + i] += sum;
            else
                worth[h * count + i] = sum;
        }
    }
}
