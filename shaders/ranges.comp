// The smallest and largest texel of every macrocell of one channel, over the cell and one voxel around it, which is all
// that trilinear filtering inside the cell can see. Packed as two 16-bit numbers: max << 16 | min.
// For labels: 1 << 16 where the cell touches any label but 0.
#include "lib/scene.glsl"
#include "lib/bricks.glsl"

layout(local_size_x = 64) in;
layout(std430, binding = 8) writeonly buffer RangeBuffer { uint ranges[]; };

uniform int volume;
uniform int channel;
uniform int first_cell;

void main() {
    ivec3 n = volumes[volume].cells.xyz;
    int index = first_cell + int(gl_GlobalInvocationID.x);
    if (index >= n.x * n.y * n.z) return;
    ivec3 cell = ivec3(index % n.x, (index / n.x) % n.y, index / (n.x * n.y));
    ivec3 voxel = cell * CELL;
    ivec3 brick = voxel >> BRICK_SHIFT;
    uint page = page_of(channel, brick, volumes[volume].bricks.xyz);
    int storage = STORAGE_OF(channel);
    uint lo = 0xFFFFFFFFu, hi = 0u;
    if (page >> 30u != PAGE_RESIDENT) {
        lo = hi = page >> 30u == PAGE_CONSTANT ? page & 0x3FFFFFFFu : 0u;
    } else {
        ivec3 first = slot_origin(page) + (voxel - brick * BRICK);
        for (int z = 0; z < CELL + 2; z++)
            for (int y = 0; y < CELL + 2; y++)
                for (int x = 0; x < CELL + 2; x++) {
                    ivec3 at = first + ivec3(x, y, z);
                    uint texel = 0u;
#ifdef HAS_R8
                    if (storage == 0) texel = uint(texelFetch(atlas_r8, at, 0).r * 255.0 + 0.5);
#endif
#ifdef HAS_R16
                    if (storage == 1) texel = uint(texelFetch(atlas_r16, at, 0).r * 65535.0 + 0.5);
#endif
#ifdef HAS_LABELS
                    if (storage == 2) texel = texelFetch(atlas_labels, at, 0).r;
#endif
                    lo = min(lo, texel);
                    hi = max(hi, texel);
                }
    }
    if (storage == 2) {
        lo = 0u;
        hi = hi > 0u ? 1u : 0u;
    }
    ranges[channels[channel].range_base + index] = (hi << 16u) | lo;
}
