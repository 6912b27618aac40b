// A plain emission-absorption ray march, front to back: opacity corrected for the step, local shading by the area light
// and the sky without shadows. Noise-free, for comparison and for those who want it.
// Writes the same accumulator as the path tracer: premultiplied radiance and coverage.
#include "lib/scene.glsl"
#include "lib/rng.glsl"
#include "lib/box.glsl"
#include "lib/colour.glsl"
#include "lib/bricks.glsl"
#include "lib/transfer.glsl"
#include "lib/labels.glsl"
#include "lib/medium.glsl"
#include "lib/phase.glsl"
#include "lib/brdf.glsl"
#include "lib/light.glsl"
#include "lib/camera.glsl"

layout(local_size_x = 8, local_size_y = 8) in;
layout(rgba32f, binding = 0) uniform image2D accumulator;
layout(r32f, binding = 1) uniform image2D depth_sum;  // distances from the eye to the collisions, unit space

uniform ivec4 tile;
uniform uint first_sample;
uniform int samples;

vec3 lit(int v, int c, float texel, vec3 p, vec3 d) {
    vec3 albedo = albedo_at(c, texel);
    vec3 gradient = opacity_gradient(v, c, grid_from_unit(v, p), texel);
    float steep = length(gradient);
    vec3 sky = params.sky_middle.rgb;
    vec3 to = params.light_centre.xyz - p;
    float square = dot(to, to);
    vec3 wi = to * inversesqrt(square);
    vec3 area = params.light_radiance.rgb * (max(-dot(wi, params.light_normal.xyz), 0.0) * params.light_centre.w / square);
    if (steep < 1e-6) return albedo * (sky + area / (4.0 * PI));
    vec3 n = gradient / -steep;
    if (dot(n, d) > 0.0) n = -n;
    vec2 parts = brdf_cos(n, -d, wi, params.specular, params.roughness);
    return albedo * (1.0 - params.specular) * sky_radiance(n) + area * (albedo * parts.x + vec3(parts.y));
}

// Whether the macrocell at g is empty, and up to where along the ray it stays so.
bool is_clear(int v, vec3 g, vec3 go, vec3 inverse_d, out float t_clear) {
    ivec3 n = volumes[v].cells.xyz;
    ivec3 cell = clamp(ivec3(g) / CELL, ivec3(0), n - 1);
    uint entry = cell_at(volumes[v].cell_base + (cell.z * n.y + cell.y) * n.x + cell.x);
    int reach = int(entry >> 16u);
    vec3 lo = vec3((cell - reach + 1) * CELL), hi = vec3((cell + reach) * CELL);
    vec3 face = max((lo - go) * inverse_d, (hi - go) * inverse_d);
    t_clear = min(face.x, min(face.y, face.z));
    return (entry & 0xFFFFu) == 0u;
}

// The sum of the opacities of volume v's channels at g, and one of them, chosen by u in proportion; c stays -1 for none.
float step_opacity(int v, vec3 g, float u, inout int c, out float texel) {
    float sum = 0.0;
    texel = 0.0;
    int first = volumes[v].bricks.w;
    for (int i = first; i < first + volumes[v].cells.w; i++) {
        if (channels[i].weight <= 0.0) continue;
        float one;
        float opacity = channel_opacity(v, i, g, one);
        if (opacity <= 0.0) continue;
        sum += opacity;
        // Reservoir sampling: each channel ends up chosen with probability opacity / sum (Chao, Biometrika 69, 1982).
        if (u * sum < opacity) {
            u *= sum / opacity;
            c = i;
            texel = one;
        } else {
            u = (u * sum - opacity) / (sum - opacity);
        }
    }
    return sum;
}

// Premultiplied radiance and coverage along one ray; u.z shifts the steps, u.w chooses channels.
vec4 marched(vec3 o, vec3 d, vec4 u, inout float depth) {
    vec2 inside = clip_to_box(o, safe_inverse(d), params.crop_lo.xyz, params.crop_hi.xyz, 0.0, 1e30);
    vec3 radiance = vec3(0.0);
    float T = 1.0;
    // One volume after the other: exact for one, an approximation where several overlap.
    for (int v = 0; v < N_VOLUMES && T > 0.004; v++) {
        vec3 go = grid_from_unit(v, o), gd = grid_direction(v, d);
        vec3 inverse_d = safe_inverse(gd);
        vec2 span = clip_to_box(go, inverse_d, vec3(0.0), vec3(volumes[v].size.xyz), inside.x, inside.y);
        if (cuts[v].lo.w == 0.0 || span.x >= span.y) continue;
        float dt = params.march_step * volumes[v].voxel_unit;
        float t = span.x + dt * u.z;
        while (t < span.y && T > 0.004) {
            vec3 g = go + gd * t;
            float t_clear;
            if (is_clear(v, g, go, inverse_d, t_clear)) {
                t += max(1.0, ceil((t_clear - t) / dt)) * dt;
                continue;
            }
            float texel;
            int c = -1;
            float sum = step_opacity(v, g, u.w, c, texel);
            if (c >= 0) {
                float alpha = 1.0 - exp(-params.density * sum * dt);
                depth += T * alpha * t;
                radiance += T * alpha * lit(v, c, texel, o + d * t, d);
                T *= 1.0 - alpha;
            }
            t += dt;
        }
    }
    return vec4(radiance, 1.0 - T);
}

void main() {
    ivec2 in_tile = ivec2(gl_GlobalInvocationID.xy);
    if (any(greaterThanEqual(in_tile, tile.zw))) return;
    ivec2 at = tile.xy + in_tile;
    if (any(greaterThanEqual(at, params.window.xy))) return;
    uvec2 pixel = uvec2(at + params.picture.zw);
    vec4 sum = first_sample == 0u ? vec4(0.0) : imageLoad(accumulator, at);
    float depth = first_sample == 0u ? 0.0 : imageLoad(depth_sum, at).r;
    for (int i = 0; i < samples; i++) {
        Rng rng = rng_make(pixel, first_sample + uint(i), params.seed);
        vec4 u = rng_next4(rng);
        vec3 o, d;
        camera_ray(pixel, u.xy, o, d);
        sum += marched(o, d, u, depth);
    }
    imageStore(accumulator, at, sum);
    imageStore(depth_sum, at, vec4(depth));
}
