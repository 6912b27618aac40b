// The ranges of the macrocells of bricks that have just come, as ranges.comp has them, one work group a brick of a channel.
// For labels a cell has 32 bits, of which those of the labels in it are set (label_bit): where none of them is visible
// the cell is empty.
#include "lib/scene.glsl"
#include "lib/bricks.glsl"
#include "lib/label_bits.glsl"

layout(local_size_x = 64) in;
layout(std430, binding = 8) writeonly buffer RangeBuffer { uint ranges[]; };
layout(std430, binding = 0) readonly buffer TodoBuffer { uint todo[]; };  // pairs of node, channel

uint texel_of(int storage, ivec3 at) {
#ifdef HAS_R8
    if (storage == 0) return uint(texelFetch(atlas_r8, at, 0).r * 255.0 + 0.5);
#endif
#ifdef HAS_R16
    if (storage == 1) return uint(texelFetch(atlas_r16, at, 0).r * 65535.0 + 0.5);
#endif
#ifdef HAS_LABELS
    if (storage == 2) return texelFetch(atlas_labels, at, 0).r;
#endif
    return 0u;
}

void main() {
    int node = int(todo[2u * gl_WorkGroupID.x]), channel = int(todo[2u * gl_WorkGroupID.x + 1u]);
    uint page = page_at(node * PAGES + channels[channel].page_base);
    uint state = page >> 30u;
    int storage = STORAGE_OF(channel), base = (node * PAGES + channels[channel].page_base) * CELLS_OF_BRICK;
    for (int index = int(gl_LocalInvocationID.x); index < CELLS_OF_BRICK; index += 64) {
        uint lo = 0xFFFFFFFFu, hi = 0u, bits = 0u;
        if (state != PAGE_RESIDENT) {
            lo = hi = state == PAGE_CONSTANT ? page & 0x3FFFFFFFu : 0u;
            bits = label_bit(hi);
        } else {
            ivec3 cell = ivec3(index & (CELLS - 1), (index >> CELLS_SHIFT) & (CELLS - 1), index >> (2 * CELLS_SHIFT));
            ivec3 first = slot_origin(page) + cell * CELL + APRON - 1;
            for (int i = 0; i < (CELL + 2) * (CELL + 2) * (CELL + 2); i++) {
                uint texel = texel_of(storage, first + ivec3(i % (CELL + 2), i / (CELL + 2) % (CELL + 2), i / ((CELL + 2) * (CELL + 2))));
                lo = min(lo, texel);
                hi = max(hi, texel);
                bits |= label_bit(texel);
            }
        }
        ranges[base + index] = storage == 2 ? bits : (hi << 16u) | lo;
    }
}
