/* The best duty of one ground team: dynamic programming over (hours on duty, station).
 *
 * An arc is an hour: a way along the line, then one stay of 0 to 4 quarters for the rest of the hour. Which stations are near enough
 * for a stay of q quarters at j is a window low[q][j] .. high[q][j] of where the team was at the hour's start; both ends never fall as
 * j grows, so the greatest value of a window slides (a queue of falling values). */
#include <math.h>
#include <string.h>

#include "kernels.h"

#define HOURS 24
#define STAYS 5       /* 0 to 4 quarters */
#define UNREACHED 255
#define NONE -1e30f

/* worth[row][hour][station]: one row means the worth of a whole hour, of which a stay has its quarters; four rows are those of one to
 * four quarters. */
static inline float stay_worth(const float *worth, int64_t rows, int64_t count, int64_t hour, int64_t station, int quarters)
{
    if (quarters == 0)
        return 0.0f;
    if (rows == 1)
        return 0.25f * (float)quarters * worth[hour * count + station];
    return worth[((quarters - 1) * HOURS + hour) * count + station];
}

/* best[j] = greatest of before[low[j] .. high[j]], NONE where empty; where[j] = its place. */
static void slide(const float *before, const int32_t *low, const int32_t *high, int64_t count, int32_t *queue, float *best,
                  int16_t *where)
{
    int64_t head = 0, tail = 0, next = 0;
    for (int64_t j = 0; j < count; j++) {
        for (; next <= high[j] && next < count; next++) {
            while (tail > head && before[queue[tail - 1]] <= before[next])
                tail--;
            queue[tail++] = (int32_t)next;
        }
        while (head < tail && queue[head] < low[j])
            head++;
        const int open = head < tail && low[j] <= high[j];
        best[j] = open ? before[queue[head]] : NONE;
        where[j] = open ? (int16_t)queue[head] : -1;
    }
}

/* Everything that one call works on. */
typedef struct {
    const float *worth;
    int64_t rows, count;
    const uint8_t *out_hours, *out_quarters, *home_hours;
    const int32_t *low, *high;
    float *value, *best;        /* (hours + 1) x count; count */
    int32_t *queue;             /* count */
    int16_t *where, *from;      /* count; (hours + 1) x count: the station before, -1 for the first visit */
    int8_t *stay;               /* (hours + 1) x count */
} Work;

/* Fill the values of duties that start in one hour, which may lie before the day: visits fall into the day, ways to the first and from the
 * last need not. `by_length`[l] becomes the best of those of exactly l hours. Returns nothing else: the last layer and station of the
 * best of `wanted` hours are put into end[0], end[1] if wanted > 0. */
static void fill(const Work *w, int64_t start, int64_t hours, float *by_length, int64_t wanted, int64_t *end)
{
    const int64_t count = w->count;
    for (int64_t j = 0; j < count; j++)
        w->value[j] = NONE;
    for (int64_t k = 1; k <= hours; k++) {
        const float *before = w->value + (k - 1) * count;
        float *now = w->value + k * count;
        int16_t *from = w->from + k * count;
        int8_t *stay = w->stay + k * count;
        const int64_t hour = start + k - 1;
        if (hour >= HOURS)
            return;
        for (int64_t j = 0; j < count; j++) {
            now[j] = NONE;
            if (hour < 0)
                continue;
            if (w->out_hours[j] == k) {
                now[j] = stay_worth(w->worth, w->rows, count, hour, j, w->out_quarters[j]);
                from[j] = -1;
                stay[j] = (int8_t)w->out_quarters[j];
            } else if (w->out_hours[j] < k) {   /* it may also set out later */
                now[j] = stay_worth(w->worth, w->rows, count, hour, j, 4);
                from[j] = -1;
                stay[j] = 4;
            }
        }
        for (int q = 0; q < STAYS && k > 1 && hour > 0; q++) {
            slide(before, w->low + q * count, w->high + q * count, count, w->queue, w->best, w->where);
            for (int64_t j = 0; j < count; j++) {
                if (w->best[j] <= NONE)
                    continue;
                const float total = w->best[j] + stay_worth(w->worth, w->rows, count, hour, j, q);
                if (total > now[j]) {
                    now[j] = total;
                    from[j] = w->where[j];
                    stay[j] = (int8_t)q;
                }
            }
        }
        for (int64_t j = 0; j < count; j++) {
            const int64_t length = k + w->home_hours[j];
            if (w->home_hours[j] == UNREACHED || length > hours || now[j] <= NONE)
                continue;
            if (now[j] > by_length[length]) {
                by_length[length] = now[j];
                if (length == wanted) {
                    end[0] = k;
                    end[1] = j;
                }
            }
        }
    }
}

/* Best duty over all starts in `longest` (hours allowed from each start, the first `lead` hours before the day; 0: none). Writes the best value of each length,
 * by_length[0 .. hours], and the route of the duty with the greatest value less price_per_hour times its length: start, length, and for
 * each layer its station and quarters (-1 before the first). Returns that duty's value without the price; 0 and length 0 if none pays. */
float PUBLIC(ground_duty)(const float *worth, int64_t rows, int64_t count, int64_t hours, int64_t lead,
                          const int8_t *longest, const uint8_t *out_hours, const uint8_t *out_quarters, const uint8_t *home_hours, const int32_t *low,
                          const int32_t *high, float price_per_hour, float *floats, int32_t *queue, int16_t *shorts, int8_t *stay,
                          float *by_length, int64_t *answer, int16_t *station, int8_t *quarters)
{
    Work w = {worth, rows, count, out_hours, out_quarters, home_hours, low, high, floats, floats + (hours + 1) * count,
              queue, shorts, shorts + count, stay};
    float of_start[HOURS + 1], gain = 0.0f, value = 0.0f;
    int64_t start = 0, length = 0, end[2] = {0, 0};
    for (int64_t l = 0; l <= hours; l++)
        by_length[l] = l == 0 ? 0.0f : NONE;
    for (int64_t s = -lead; s < HOURS; s++) {
        const int64_t most = longest[s + lead] < hours ? longest[s + lead] : hours;
        if (most <= 0)
            continue;
        for (int64_t l = 0; l <= hours; l++)
            of_start[l] = NONE;
        fill(&w, s, most, of_start, 0, end);
        for (int64_t l = 1; l <= most; l++) {
            by_length[l] = of_start[l] > by_length[l] ? of_start[l] : by_length[l];
            if (of_start[l] - price_per_hour * (float)l > gain) {
                gain = of_start[l] - price_per_hour * (float)l;
                value = of_start[l];
                start = s;
                length = l;
            }
        }
    }
    answer[0] = start;
    answer[1] = length;
    for (int64_t k = 0; k <= hours; k++)
        station[k] = -1;
    if (length == 0)
        return 0.0f;
    for (int64_t l = 0; l <= hours; l++)
        of_start[l] = NONE;
    fill(&w, start, length, of_start, length, end);
    for (int64_t k = end[0], j = end[1]; k > 0 && j >= 0; k--) {
        station[k] = (int16_t)j;
        quarters[k] = w.stay[k * count + j];
        j = w.from[k * count + j];
    }
    return value;
}
