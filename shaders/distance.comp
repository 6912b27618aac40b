// Chessboard distance of empty macrocells to the nearest one that is not empty, one axis a pass:
// D'(i) = min over j of max(|i - j|, D(j)). The search from i outwards ends as soon as |i - j| reaches the best so far.
// Distances are capped at REACH. Pass 0 reads emptiness from the majorant, the later passes the distance so far.
#define WRITES_CELLS
#include "lib/scene.glsl"

layout(local_size_x = 64) in;
layout(std430, binding = 10) buffer ScratchBuffer { uint scratch[]; };

uniform int volume;
uniform int first_cell;
uniform int axis;

uint distance_at(int index) {
    uint entry = axis == 1 ? scratch[index] : cells[volumes[volume].cell_base + index];
    if ((entry & 0xFFFFu) != 0u) return 0u;
    return axis == 0 ? uint(REACH) : entry >> 16u;
}

void main() {
    ivec3 n = volumes[volume].cells.xyz;
    int index = first_cell + int(gl_GlobalInvocationID.x);
    if (index >= n.x * n.y * n.z) return;
    ivec3 cell = ivec3(index % n.x, (index / n.x) % n.y, index / (n.x * n.y));
    ivec3 strides = ivec3(1, n.x, n.x * n.y);
    int at = cell[axis], stride = strides[axis];
    uint best = distance_at(index);
    for (int r = 1; r < int(best); r++) {
        uint left = at - r >= 0 ? distance_at(index - r * stride) : uint(REACH);
        uint right = at + r < n[axis] ? distance_at(index + r * stride) : uint(REACH);
        best = min(best, max(uint(r), min(left, right)));
    }
    int base = volumes[volume].cell_base + index;
    uint result = (cells[base] & 0xFFFFu) | (best << 16u);
    // cells -> scratch -> cells -> scratch: the caller copies the last pass back.
    if (axis == 1) cells[base] = result;
    else scratch[index] = result;
}
