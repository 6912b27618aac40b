// What the walk through a volume's macrocells reads: the majorants of its channels, weighed and summed (or the
// largest of them, where only the strongest channel counts), as a half float.
// Distances of empty cells follow in distance.comp.
#define WRITES_CELLS
#include "lib/scene.glsl"

layout(local_size_x = 64) in;

uniform int volume;
uniform int first_cell;
uniform int largest;  // 1: the largest of the channels' majorants instead of their sum

void main() {
    ivec3 n = volumes[volume].cells.xyz;
    int index = first_cell + int(gl_GlobalInvocationID.x);
    if (index >= n.x * n.y * n.z) return;
    int first = volumes[volume].bricks.w;
    float sum = 0.0;
    for (int c = first; c < first + volumes[volume].cells.w; c++)
    {
        float one = channels[c].weight * majorants[channels[c].majorant_base + index * channels[c].majorant_stride];
        sum = largest != 0 ? max(sum, one) : sum + one;
    }
    // A half has 11 significant bits: rounding to nearest could go down, so go up by more than that first.
    uint half_bits = sum > 0.0 ? packHalf2x16(vec2(sum * (1.0 + 1.0 / 1024.0) + 1e-7, 0.0)) & 0xFFFFu : 0u;
    cells[volumes[volume].cell_base + index] = half_bits;
}
