// The majorant of every macrocell of one channel: the largest opacity, without the channel's weight, that the transfer
// function gives anywhere in the cell's range of texels (lib/range_maximum.glsl).
#define WRITES_CELLS
#include "lib/scene.glsl"
#include "lib/bricks.glsl"
#include "lib/transfer.glsl"
#include "lib/labels.glsl"
#include "lib/range_maximum.glsl"

layout(local_size_x = 64) in;
layout(std430, binding = 8) readonly buffer RangeBuffer { uint ranges[]; };

uniform int volume;
uniform int channel;
uniform int first_cell;

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
        most = largest_opacity(channel, range);
    }
    majorants[channels[channel].majorant_base + index * channels[channel].majorant_stride] = most;
}
