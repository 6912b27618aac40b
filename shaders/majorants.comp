// The majorant of every macrocell of one volume: over its channels, the sum of the largest opacity that the transfer
// function gives anywhere in the cell's range of texels. O(1) a cell and channel by a sparse table:
// max_table[level][i] = the maximum of entries i .. i + 2^level - 1 of the transfer function.
#include "lib/scene.glsl"
#include "lib/transfer.glsl"

layout(local_size_x = 64) in;
layout(std430, binding = 8) readonly buffer RangeBuffer { uint ranges[]; };
layout(std430, binding = 9) readonly buffer MaxTableBuffer { float max_table[]; };

uniform int volume;
uniform int first_cell;

float largest(int c, float lo_texel, float hi_texel) {
    int a = lut_index(c, lo_texel), b = lut_index(c, hi_texel);
    int level = findMSB(b - a + 1);
    int row = channels[c].table_base + level * LUT_SIZE;
    return max(max_table[row + a], max_table[row + b - (1 << level) + 1]);
}

void main() {
    ivec3 n = volumes[volume].cells.xyz;
    int index = first_cell + int(gl_GlobalInvocationID.x);
    if (index >= n.x * n.y * n.z) return;
    int first = volumes[volume].bricks.w;
    float sum = 0.0;
    uint present = 0u;
    for (int c = first; c < first + volumes[volume].cells.w; c++) {
        if (channels[c].weight <= 0.0) continue;
        uint range = ranges[channels[c].range_base + index];
        float most;
        if (STORAGE[c] == 2) {
            most = range >> 16u != 0u ? channels[c].weight : 0.0;
        } else {
            float texel_max = STORAGE[c] == 0 ? 255.0 : 65535.0;
            most = channels[c].weight * largest(c, float(range & 0xFFFFu) / texel_max, float(range >> 16u) / texel_max);
        }
        sum += most;
        if (most > 0.0) present |= 1u << uint(min(c - first, 15));
    }
    // A half has 11 significant bits: rounding to nearest could go down, so go up by more than that first.
    uint half_bits = sum > 0.0 ? packHalf2x16(vec2(sum * (1.0 + 1.0 / 1024.0) + 1e-7, 0.0)) & 0xFFFFu : 0u;
    cells[volumes[volume].cell_base + index] = half_bits | (present << 16u);
}
