// The majorant of every macrocell of one channel: the largest opacity, without the channel's weight, that the transfer
// function gives anywhere in the cell's range of texels. O(1) a cell by a sparse table:
// max_table[level][i] = the maximum of entries i .. i + 2^level - 1 of the transfer function.
#define WRITES_CELLS
#include "lib/scene.glsl"
#include "lib/bricks.glsl"
#include "lib/transfer.glsl"
#include "lib/labels.glsl"

layout(local_size_x = 64) in;
layout(std430, binding = 8) readonly buffer RangeBuffer { uint ranges[]; };
layout(std430, binding = 9) readonly buffer MaxTableBuffer { float max_table[]; };

uniform int volume;
uniform int channel;
uniform int first_cell;

// Filtering rounds: between equal texels it may answer a little less or more than they are. Relative, so that 0 stays 0.
const float ROUNDING = 3e-7;

float largest(int c, float lo_texel, float hi_texel) {
    int a = lut_index(c, lo_texel * (1.0 - ROUNDING)), b = lut_index(c, hi_texel * (1.0 + ROUNDING));
    int level = findMSB(b - a + 1);
    int row = channels[c].table_base + level * LUT_SIZE;
    return max(max_table[row + a], max_table[row + b - (1 << level) + 1]);
}

void main() {
    ivec3 n = volumes[volume].cells.xyz;
    int index = first_cell + int(gl_GlobalInvocationID.x);
    if (index >= n.x * n.y * n.z) return;
    uint range = ranges[channels[channel].range_base + index];
    float most;
#ifdef HAS_LABELS
    if (STORAGE_OF(channel) == 2) {
        most = range >> 16u != 0u ? label_most(channel) : 0.0;
    } else
#endif
    {
        float texel_max = STORAGE_OF(channel) == 0 ? 255.0 : 65535.0;
        most = largest(channel, float(range & 0xFFFFu) / texel_max, float(range >> 16u) / texel_max);
    }
    majorants[channels[channel].majorant_base + index * channels[channel].majorant_stride] = most;
}
