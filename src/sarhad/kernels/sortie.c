/* Helicopters: the best sortie from every pad at every half hour, and the best day made of sorties.
 *
 * A sortie goes from a pad to a node of the track, along it block by block in one direction (as far as a block reaches), and to a pad:
 * turning back over what was just seen would be priced as if it were new.
 * A day strings sorties together, with the turnaround between them, and counts the blocks aloft. */
#include <math.h>
#include <string.h>

#include "kernels.h"

#define BLOCKS_PER_HOUR 4
#define NO_BLOCK 255
#define NONE -1e30f
#define MOST_ALOFT 128

/* passed[hour][node]: worth of passing all cells before that node in that hour, so that a run is a difference. Blocks and hours count from
 * the first that is given, which may lie before the day; hours outside the day are worth nothing. */
static inline float run_worth(const float *passed, int64_t nodes, int64_t block, int64_t a, int64_t b)
{
    const float *row = passed + (block / BLOCKS_PER_HOUR) * nodes;
    return a < b ? row[b] - row[a] : row[a] - row[b];
}

/* value[m][node]: best of what is seen within m blocks of the take-off in one direction along the line, standing at the node. from[m][node]
 * is the node before, -1 for the first. */
static void fly(const float *passed, int64_t nodes, const int32_t *ahead, const uint8_t *out, int64_t block, int64_t most, float *value,
                int16_t *from)
{
    for (int64_t i = 0; i < (most + 1) * nodes; i++)
        value[i] = NONE;
    for (int64_t m = 0; m <= most; m++) {
        float *now = value + m * nodes, *next = now + nodes;
        for (int64_t i = 0; i < nodes; i++) {
            if (out[i] == m && now[i] < 0.0f) {
                now[i] = 0.0f;
                from[m * nodes + i] = -1;
            }
            if (now[i] <= NONE || m == most)
                continue;
            const int32_t end = ahead[i];
            if (end < 0)
                continue;
            const float total = now[i] + run_worth(passed, nodes, block + m, i, end);
            if (total > next[end]) {
                next[end] = total;
                from[(m + 1) * nodes + end] = (int16_t)i;
            }
        }
    }
}

/* best[pad_from][slot][pad_to][blocks] for take-offs at block = slot * step; NONE where there is no such sortie. */
void PUBLIC(sorties)(const float *passed, int64_t nodes, const int32_t *up, const int32_t *down, int64_t pads, const uint8_t *out,
                     const uint8_t *home, const uint8_t *open, int64_t blocks, int64_t step, int64_t most, const uint8_t *pad_open,
                     float *value, int16_t *from, float *best)
{
    const int64_t slots = blocks / step;
    for (int64_t k = 0; k < pads * slots * pads * (most + 1); k++)
        best[k] = NONE;
    for (int64_t p = 0; p < pads; p++) {
        for (int64_t slot = 0; slot < slots; slot++) {
            int64_t aloft = 0;
            while (aloft < most && slot * step + aloft < blocks && open[slot * step + aloft])
                aloft++;
            if (!pad_open[p] || aloft < 3)
                continue;
            float *into = best + (p * slots + slot) * pads * (most + 1);
            for (int way = 0; way < 2; way++) {
                fly(passed, nodes, way ? down : up, out + p * nodes, slot * step, aloft - 1, value, from);
                for (int64_t m = 2; m < aloft; m++) {
                    for (int64_t i = 0; i < nodes; i++) {
                        const float worth = value[m * nodes + i];
                        if (worth <= 0.0f)
                            continue;
                        for (int64_t to = 0; to < pads; to++) {
                            const int64_t total = m + home[i * pads + to];
                            if (total <= aloft && worth > into[to * (most + 1) + total])
                                into[to * (most + 1) + total] = worth;
                        }
                    }
                }
            }
        }
    }
}

/* The nodes of the best sortie of exactly `total` blocks from one pad and slot to another; returns how many. */
int64_t PUBLIC(sortie_route)(const float *passed, int64_t nodes, const int32_t *up, const int32_t *down, int64_t pads,
                             const uint8_t *out, const uint8_t *home, int64_t block, int64_t pad_from, int64_t pad_to, int64_t total,
                             float *value, int16_t *from, int16_t *route)
{
    float best = NONE;
    int64_t length = 0;
    for (int way = 0; way < 2; way++) {
        int64_t at = -1, when = 0;
        fly(passed, nodes, way ? down : up, out + pad_from * nodes, block, total - 1, value, from);
        for (int64_t m = 2; m < total; m++) {
            for (int64_t i = 0; i < nodes; i++) {
                if (m + home[i * pads + pad_to] == total && value[m * nodes + i] > best) {
                    best = value[m * nodes + i];
                    at = i;
                    when = m;
                }
            }
        }
        if (at < 0)
            continue;
        length = 0;
        for (int64_t m = when; at >= 0; m--) {
            route[length++] = (int16_t)at;
            at = from[m * nodes + at];
        }
    }
    return length;
}

/* Best days: by_aloft[a] is the best value of a day with exactly a blocks aloft, over all starts allowed by longest[hour]. With
 * wanted >= 0 the sorties of the best day of exactly so many blocks are written: slot, pad from, pad to, blocks, four numbers each, last
 * first; returns how many, and the start hour in day[0], the slot after the last landing in day[1]. */
int64_t PUBLIC(flying_day)(const float *best, int64_t pads, int64_t blocks, int64_t step, int64_t most, int64_t turn, int64_t day_blocks,
                           int64_t duty_hours, const int8_t *longest, int64_t wanted, float *by_aloft, float *state, int32_t *back,
                           int64_t *day, int32_t *sorties)
{
    const int64_t slots = blocks / step, width = day_blocks + 1;
    float found = NONE;
    int64_t count = 0;
    for (int64_t a = 0; a < width; a++)
        by_aloft[a] = a == 0 ? 0.0f : NONE;
    for (int64_t start = 0; start < blocks / BLOCKS_PER_HOUR; start++) {
        const int64_t hours = longest[start] < duty_hours ? longest[start] : duty_hours;
        if (hours <= 0)
            continue;
        const int64_t first = start * BLOCKS_PER_HOUR / step, end = (start + hours) * BLOCKS_PER_HOUR;
        const int64_t last = (end + step - 1) / step;
        /* state[slot][pad][aloft]: ready to take off; a landing at the base within the duty ends a day. */
        for (int64_t k = first * pads * width; k < (last + 1) * pads * width && k < (slots + 1) * pads * width; k++)
            state[k] = NONE;
        state[(first * pads) * width] = 0.0f;
        back[(first * pads) * width] = -1;
        for (int64_t slot = first; slot < last && slot < slots; slot++) {
            for (int64_t p = 0; p < pads; p++) {
                float *here = state + (slot * pads + p) * width;
                /* waiting on the pad */
                if (slot + 1 <= slots) {
                    float *later = state + ((slot + 1) * pads + p) * width;
                    int32_t *later_back = back + ((slot + 1) * pads + p) * width;
                    for (int64_t a = 0; a < width && slot + 1 <= last; a++) {
                        if (here[a] > later[a]) {
                            later[a] = here[a];
                            later_back[a] = -2;
                        }
                    }
                }
                for (int64_t to = 0; to < pads; to++) {
                    const float *options = best + ((p * slots + slot) * pads + to) * (most + 1);
                    for (int64_t m = 3; m <= most && slot * step + m <= end; m++) {
                        if (options[m] <= NONE)
                            continue;
                        const int64_t landed = slot * step + m, ready = (landed + turn + step - 1) / step;
                        const int32_t code = (int32_t)((slot * pads + p) * (most + 1) + m);
                        float *there = ready <= last && ready <= slots ? state + (ready * pads + to) * width : 0;
                        int32_t *there_back = there ? back + (ready * pads + to) * width : 0;
                        for (int64_t a = 0; a + m < width; a++) {
                            if (here[a] <= NONE)
                                continue;
                            const float total = here[a] + options[m];
                            if (there && total > there[a + m]) {
                                there[a + m] = total;
                                there_back[a + m] = code;
                            }
                            if (to == 0 && total > by_aloft[a + m])
                                by_aloft[a + m] = total;
                            if (to == 0 && a + m == wanted && total > found) {
                                /* Trace it at once: later slots never change earlier states. */
                                int64_t s = slot, q = p, left = a;
                                found = total;
                                day[0] = start;
                                day[1] = landed;
                                count = 0;
                                sorties[0] = (int32_t)slot; sorties[1] = (int32_t)p; sorties[2] = 0; sorties[3] = (int32_t)m;
                                count = 1;
                                for (;;) {
                                    int32_t step_back = back[(s * pads + q) * width + left];
                                    if (step_back == -1)
                                        break;
                                    if (step_back == -2) {
                                        s--;
                                        continue;
                                    }
                                    const int64_t flown = step_back % (most + 1), place = step_back / (most + 1);
                                    sorties[4 * count] = (int32_t)(place / pads);
                                    sorties[4 * count + 1] = (int32_t)(place % pads);
                                    sorties[4 * count + 2] = (int32_t)q;
                                    sorties[4 * count + 3] = (int32_t)flown;
                                    count++;
                                    s = place / pads;
                                    q = place % pads;
                                    left -= flown;
                                }
                            }
                        }
                    }
                }
            }
        }
    }
    return count;
}

/* The best sortie in fine steps: stay, one station up or one down in each, from a station back to it. worth[hour][station] is that of one
 * step there; hour_of[step] says which row counts. Returns the value of the best way that is anywhere at the end; `route` (steps + 1
 * stations) is written where `choice` (steps x stations bytes) is given. */
float PUBLIC(fine_sortie)(const float *worth, const int32_t *hour_of, int64_t stations, int64_t steps, int64_t from, float *now,
                          float *next, int8_t *choice, int32_t *route)
{
    for (int64_t i = 0; i < stations + 2; i++)
        now[i] = next[i] = NONE;
    now[from + 1] = 0.0f;
    for (int64_t k = 0; k < steps; k++) {
        const float *row = worth + (int64_t)hour_of[k] * stations;
        int8_t *chosen = choice ? choice + k * stations : 0;
        for (int64_t i = 0; i < stations; i++) {
            const float stay = now[i + 1], below = now[i], above = now[i + 2];
            float most = stay > below ? stay : below;
            most = most > above ? most : above;
            next[i + 1] = most + row[i];
            if (chosen)
                chosen[i] = (int8_t)(most == stay ? 0 : most == below ? -1 : 1);
        }
        float *swap = now;
        now = next;
        next = swap;
    }
    int64_t end = 0;
    for (int64_t i = 1; i < stations; i++)
        if (now[i + 1] > now[end + 1])
            end = i;
    if (choice && route) {
        int64_t at = end;
        for (int64_t k = steps; k > 0; k--) {
            route[k] = (int32_t)at;
            at += choice[(k - 1) * stations + at];
        }
        route[0] = (int32_t)at;
    }
    return now[end + 1];
}
