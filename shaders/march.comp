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
#include "lib/majorant.glsl"
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

// Premultiplied radiance and coverage along one ray; u.z shifts the steps, u.w chooses channels.
vec4 marched(vec3 o, vec3 d, vec4 u, inout float depth) {
    vec2 inside = clip_to_box(o, safe_inverse(d), params.crop_lo.xyz, params.crop_hi.xyz, 0.0, 1e30);
    vec3 radiance = vec3(0.0);
    float T = 1.0;
    // One volume after the other: exact for one, an approximation where several overlap.
    for (int v = 0; v < N_VOLUMES && T > 0.004; v++) {
        Walk w;
        if (cuts[v].lo.w == 0.0) continue;
        if (!walk_start(v, o, d, inside.x, inside.y, w)) continue;
        float dt = params.march_step * volumes[v].voxel_unit;
        float t = w.t + dt * u.z;
        while (!walk_is_over(w) && T > 0.004) {
            float t_exit;
            ivec3 next;
            float majorant = walk_segment(w, t_exit, next);
            float t_stop = min(t_exit, w.t_end);
            if (majorant > 0.0) {
                for (; t < t_stop && T > 0.004; t += dt) {
                    vec3 g = (w.o + w.d * t) * float(CELL);
                    int c;
                    float texel;
                    float sum = volume_opacity(v, g, w.present, 0.0, c, texel);
                    if (sum <= 0.0) continue;
                    // The channels of a step share its opacity in proportion to their extinctions.
                    volume_opacity(v, g, w.present, u.w * sum, c, texel);
                    float alpha = 1.0 - exp(-params.density * sum * dt);
                    depth += T * alpha * t;
                    radiance += T * alpha * lit(v, c, texel, o + d * t, d);
                    T *= 1.0 - alpha;
                }
            } else if (t < t_stop) {
                t += ceil((t_stop - t) / dt) * dt;
            }
            w.t = t_exit;
            w.cell = next;
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
