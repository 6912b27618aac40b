// For every group of 8x8 pixels: a distance in front of which none of its rays can meet matter. Paths begin there, and
// groups that meet nothing at all cost nothing.
// A cone around the group's rays walks through the macrocells by their distance maps: as far as the box around the axis
// that is known to be empty holds the cone. Source: cone marching of Donnelly, "Per-Pixel Displacement Mapping with
// Distance Functions", GPU Gems 2, 2005 (sphere tracing, Hart 1996), for chessboard distances.
#include "lib/scene.glsl"
#include "lib/bricks.glsl"
#include "lib/camera.glsl"

layout(local_size_x = 8, local_size_y = 8) in;
layout(r32f, binding = 4) uniform writeonly image2D nearest;

uniform int most_steps;  // not a constant so that loops stay loops

// The least distance of cells: shorter steps are not worth it.
const float LEAST_STEP = 0.05;

float first_matter(int v, vec3 o, vec3 d, float radius, float spread, float t_far) {
    vec3 go = grid_from_unit(v, o) * (1.0 / float(CELL)), gd = grid_direction(v, d) * (1.0 / float(CELL));
    // Cells a unit length, at most, along any direction.
    float scale = max(length(volumes[v].grid_x.xyz), max(length(volumes[v].grid_y.xyz), length(volumes[v].grid_z.xyz))) / float(CELL);
    float speed = max(abs(gd.x), max(abs(gd.y), abs(gd.z))) + spread * scale;
    #ifdef PAGED
    ivec3 n = volumes[v].size.xyz / CELL + 1;
#else
    ivec3 n = volumes[v].cells.xyz;
#endif
    float t = 0.0;
    for (int i = 0; i < most_steps; i++) {
        vec3 p = go + gd * t;
        vec3 inside = clamp(p, vec3(0.0), vec3(n));
        vec3 off = abs(p - inside);
        float free = max(off.x, max(off.y, off.z));
        if (free <= 0.0) {
#ifdef PAGED
            return t;  // what is inside of a paged volume comes and goes
#else
            ivec3 cell = min(ivec3(inside), n - 1);
            uint entry = cell_at(volumes[v].cell_base + (cell.z * n.y + cell.y) * n.x + cell.x);
            if ((entry & 0xFFFFu) != 0u) return t;
            int reach = int(entry >> 16u);
            vec3 lo = p - vec3(cell - reach + 1), hi = vec3(cell + reach) - p;
            free = min(min(min(lo.x, lo.y), lo.z), min(min(hi.x, hi.y), hi.z));
#endif
        }
        float left = free - (radius + t * spread) * scale;
        if (left < LEAST_STEP) return t;
        t += left / speed;
        if (t > t_far) return 1e30;
    }
    return t;
}

void main() {
    ivec2 group = ivec2(gl_GlobalInvocationID.xy);
    if (any(greaterThanEqual(group * 8, params.window.xy))) return;
    vec2 first = vec2(group * 8 + params.picture.zw);
    vec2 size = vec2(params.picture.xy);
    float t = 0.0;
    bool whole = params.stereo.x <= 0.0 || first.x + 9.0 < size.x * 0.5 || first.x - 1.0 > size.x * 0.5;
    if (whole) {
        vec3 o, d;
        camera_ray_at(first + 4.0, vec2(0.0, 0.0), o, d);
        vec2 pixel = vec2(length(params.right.xyz), length(params.up.xyz)) * 2.0 / size * vec2(params.stereo.x > 0.0 ? 2.0 : 1.0, 1.0);
        float radius = params.lens.x, spread = params.lens.x * params.lens.y;
        // Four pixels to the group's edge and one for the filter.
        float across = 5.0 * length(pixel);
        if (params.eye.w > 0.5) spread += across;
        else radius += across;
        radius += params.lens.z * spread;
        float t_far = length(o) + 2.0 + radius;
        t = 1e30;
        for (int v = 0; v < N_VOLUMES; v++)
            if (cuts[v].lo.w > 0.0) t = min(t, first_matter(v, o, d, radius, spread, t_far));
    }
    imageStore(nearest, group, vec4(t));
}
