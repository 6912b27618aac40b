// Voxels through page tables: grid position -> brick -> page entry -> slot in an atlas.
//
// A page entry: bits 31..30 are its state (0 absent, 1 resident, 2 constant); bits 29..0 are the slot's place in the
// atlas (10 bits each for x, y, z) or, for a constant brick, its texel.
// In a paged volume (place.glsl) the brick is the one where the ray stands, and its apron is all that may be read beyond.
// Needs: the buffers volumes[], channels[], page_at and the atlases; BRICK (payload), SLOT (payload + 2 APRON).
#include "lib/place.glsl"

const uint PAGE_ABSENT = 0u;
const uint PAGE_RESIDENT = 1u;
const uint PAGE_CONSTANT = 2u;

vec3 grid_from_unit(int v, vec3 p_unit) {
    vec4 p = vec4(p_unit, 1.0);
    return vec3(dot(volumes[v].grid_x, p), dot(volumes[v].grid_y, p), dot(volumes[v].grid_z, p));
}

vec3 grid_direction(int v, vec3 d_unit) {
    return vec3(dot(volumes[v].grid_x.xyz, d_unit), dot(volumes[v].grid_y.xyz, d_unit),
                dot(volumes[v].grid_z.xyz, d_unit));
}

vec3 unit_from_grid(int v, vec3 g) {
    vec4 p = vec4(g, 1.0);
    return vec3(dot(volumes[v].unit_x, p), dot(volumes[v].unit_y, p), dot(volumes[v].unit_z, p));
}

// A gradient along grid axes as one along unit axes: multiply by the transpose of grid_from_unit.
vec3 unit_gradient(int v, vec3 g) {
    return volumes[v].grid_x.xyz * g.x + volumes[v].grid_y.xyz * g.y + volumes[v].grid_z.xyz * g.z;
}

#ifdef PAGED
uint page_here(int c) { return page_at(here.node * PAGES + channels[c].page_base); }
#endif
uint page_of(int c, ivec3 brick, ivec3 bricks) {
    return page_at(channels[c].page_base + (brick.z * bricks.y + brick.y) * bricks.x + brick.x);
}

ivec3 slot_origin(uint page) {
    return ivec3(page & 1023u, (page >> 10u) & 1023u, (page >> 20u) & 1023u) * SLOT;
}

// The texel fraction 0..1 of an intensity channel at grid position g, trilinear; g is inside [0, size].
// The brick's origin is subtracted in integers before anything becomes a float.
float intensity_at(int c, ivec3 size, ivec3 bricks, vec3 g) {
#ifdef PAGED
    uint page = page_here(c);
#else
    ivec3 voxel = clamp(ivec3(floor(g)), ivec3(0), size - 1);
    ivec3 brick = voxel >> BRICK_SHIFT;
    uint page = page_of(c, brick, bricks);
#endif
    uint state = page >> 30u;
    if (state != PAGE_RESIDENT) {
        uint texel_max = STORAGE_OF(c) == 0 ? 255u : 65535u;
        return state == PAGE_CONSTANT ? float(page & 0xFFFFu) / float(texel_max) : 0.0;
    }
#ifdef PAGED
    const float REACH_VOX = float(APRON) - 0.5;
    vec3 inside = clamp(brick_grid(g), -REACH_VOX, float(BRICK) + REACH_VOX);
#else
    vec3 inside = g - vec3(brick * BRICK);
#endif
    vec3 texel = vec3(slot_origin(page)) + inside + float(APRON);
#if defined(HAS_R8) && defined(HAS_R16)
    if (STORAGE_OF(c) == 0) return textureLod(atlas_r8, texel * ATLAS_R8_SCALE, 0.0).r;
    return textureLod(atlas_r16, texel * ATLAS_R16_SCALE, 0.0).r;
#elif defined(HAS_R8)
    return textureLod(atlas_r8, texel * ATLAS_R8_SCALE, 0.0).r;
#elif defined(HAS_R16)
    return textureLod(atlas_r16, texel * ATLAS_R16_SCALE, 0.0).r;
#else
    return 0.0;
#endif
}

#ifdef HAS_LABELS
// The dense id of the voxel, of the level that is drawn here; 0 outside of the volume. `size` is that level's.
uint label_of_voxel(int c, ivec3 size, ivec3 bricks, ivec3 voxel) {
    if (any(lessThan(voxel, ivec3(0))) || any(greaterThanEqual(voxel, size))) return 0u;
#ifdef PAGED
    uint page = page_here(c);
    ivec3 inside = clamp(voxel - (here.brick << BRICK_SHIFT), ivec3(-APRON), ivec3(BRICK + APRON - 1));
#else
    ivec3 brick = voxel >> BRICK_SHIFT, inside = voxel - brick * BRICK;
    uint page = page_of(c, brick, bricks);
#endif
    uint state = page >> 30u;
    if (state != PAGE_RESIDENT) return state == PAGE_CONSTANT ? page & 0x3FFFFFFFu : 0u;
    return texelFetch(atlas_labels, slot_origin(page) + inside + APRON, 0).r;
}
#endif
