// What the walk through a brick's macrocells reads, for nodes in a list: majorants by channel (as majorants.comp), their
// sum or the largest of them (as cells.comp), and for empty cells the chessboard distance to the nearest one that is not
// (as distance.comp; what is beyond the brick counts as empty, for the walk stops at its faces). One work group a node.
#define WRITES_CELLS
#include "lib/scene.glsl"
#include "lib/bricks.glsl"
#include "lib/transfer.glsl"
#include "lib/labels.glsl"
#include "lib/range_maximum.glsl"

layout(local_size_x = 64) in;
layout(std430, binding = 0) readonly buffer TodoBuffer { uint todo[]; };
layout(std430, binding = 8) readonly buffer RangeBuffer { uint ranges[]; };
layout(std430, binding = 10) readonly buffer VisibleBuffer { uint visible[]; };  // PAGES a node: of labels, which bits are

uniform int volume;
uniform int largest_wins;

shared uint distances[CELLS_OF_BRICK];

float majorant_of(int c, int page, int index) {
    if (page_at(page) >> 30u == PAGE_ABSENT) return 0.0;
    uint range = ranges[page * CELLS_OF_BRICK + index];
#ifdef HAS_LABELS
    if (STORAGE_OF(c) == 2) return (range & visible[page]) != 0u ? label_most(c) : 0.0;
#endif
    return largest_opacity(c, range);
}

void main() {
    int node = int(todo[gl_WorkGroupID.x]);
    int first = volumes[volume].bricks.w, count = volumes[volume].cells.w;
    for (int index = int(gl_LocalInvocationID.x); index < CELLS_OF_BRICK; index += 64) {
        float sum = 0.0;
        for (int i = 0; i < count; i++) {
            int c = first + i;
            float one = majorant_of(c, node * PAGES + i, index);
#if PAGES > 1
            majorants[4 * ((node * MAJORANT_GROUPS + i / 4) * CELLS_OF_BRICK + index) + (i & 3)] = one;
#endif
            one *= channels[c].weight;
            sum = largest_wins != 0 ? max(sum, one) : sum + one;
        }
        uint half_bits = sum > 0.0 ? packHalf2x16(vec2(sum * (1.0 + 1.0 / 1024.0) + 1e-7, 0.0)) & 0xFFFFu : 0u;
        cells[node * CELLS_OF_BRICK + index] = half_bits;
        distances[index] = half_bits != 0u ? 0u : uint(CELLS);
    }
    for (int axis = 0; axis < 3; axis++) {
        barrier();
        int shift = axis * CELLS_SHIFT, stride = 1 << shift;
        // A row of the brick at a time: no invocation touches another's.
        for (int row = int(gl_LocalInvocationID.x); row < CELLS * CELLS; row += 64) {
            int below = row & (stride - 1), base = below | ((row & ~(stride - 1)) << CELLS_SHIFT);
            uint line[CELLS];
            for (int i = 0; i < CELLS; i++) line[i] = distances[base + i * stride];
            for (int i = 0; i < CELLS; i++) {
                uint best = line[i];
                for (int r = 1; r < int(best); r++) {
                    uint left = i - r >= 0 ? line[i - r] : uint(CELLS), right = i + r < CELLS ? line[i + r] : uint(CELLS);
                    best = min(best, max(uint(r), min(left, right)));
                }
                distances[base + i * stride] = best;
            }
        }
    }
    barrier();
    for (int index = int(gl_LocalInvocationID.x); index < CELLS_OF_BRICK; index += 64)
        cells[node * CELLS_OF_BRICK + index] |= distances[index] << 16u;
}
