// One dispatch adds `samples` paths to every pixel of a tile: delta tracking to the first collision, a surface or a
// phase function there, one light sample with a ratio-tracked shadow.
// The accumulator holds sums: rgb = radiance (0 where the path left the scene), a = how many paths collided.
#include "lib/scene.glsl"
#include "lib/rng.glsl"
#include "lib/box.glsl"
#include "lib/colour.glsl"
#include "lib/bricks.glsl"
#include "lib/transfer.glsl"
#include "lib/labels.glsl"
#include "lib/medium.glsl"
#include "lib/majorant.glsl"
#include "lib/tracking.glsl"
#include "lib/phase.glsl"
#include "lib/brdf.glsl"
#include "lib/light.glsl"
#include "lib/camera.glsl"

layout(local_size_x = 8, local_size_y = 8) in;
layout(rgba32f, binding = 0) uniform image2D accumulator;
layout(r32f, binding = 1) uniform image2D depth_sum;  // distances from the eye to the collisions, unit space

uniform ivec4 tile;         // x, y, width, height inside the window
uniform uint first_sample;
uniform int samples;

// A light sample at a collision: wi and t_light are the shadow ray's, the answer is the radiance towards the eye if nothing
// is in between.
vec3 scatter(vec3 p, vec3 d, Collision hit, inout Rng rng, out vec3 wi, out float t_light) {
    vec3 g = grid_from_unit(hit.volume, p);
    vec3 albedo = albedo_at(hit.channel, hit.texel);
    bool surface = false;
    vec3 n = vec3(0.0);
    vec4 u = rng_next4(rng);
    if (params.shading_mode != 2) {
        vec3 gradient = opacity_gradient(hit.volume, hit.channel, g, hit.texel);
        float steep = length(gradient);
        surface = steep > 1e-6;
        if (surface) {
            n = gradient / -steep;
            if (dot(n, d) > 0.0) n = -n;
            // How sure we are of a surface: by the change of opacity over one voxel.
            float change = steep * volumes[hit.volume].voxel_unit;
            if (params.shading_mode == 0) surface = u.x < 1.0 - exp(-25.0 * params.gradient_factor * change);
        }
    }
    t_light = 1e30;
    vec3 light;   // radiance / pdf of the choice and of the direction
    if (u.y < params.area_probability) {
        light = area_light_sample(p, u.zw, wi, t_light) / params.area_probability;
    } else if (surface) {
        wi = cosine_sample(n, u.zw);
        light = sky_radiance(wi) * (PI / (max(dot(wi, n), 1e-4) * (1.0 - params.area_probability)));
    } else {
        wi = phase_hg_sample(d, params.anisotropy, u.zw);
        light = sky_radiance(wi) / (phase_hg(dot(wi, d), params.anisotropy) * (1.0 - params.area_probability));
    }
    if (!surface) return light * albedo * phase_hg(dot(wi, d), params.anisotropy);
    vec2 parts = brdf_cos(n, -d, wi, params.specular, params.roughness);
    return light * (albedo * parts.x + vec3(parts.y));
}

void main() {
    ivec2 in_tile = ivec2(gl_GlobalInvocationID.xy);
    if (any(greaterThanEqual(in_tile, tile.zw))) return;
    ivec2 at = tile.xy + in_tile;
    if (any(greaterThanEqual(at, params.window.xy))) return;
    uvec2 pixel = uvec2(at + params.picture.zw);
    // One sample after the other is added to the sum so far, so that its rounding does not depend on how many samples a
    // dispatch takes.
    vec4 sum = first_sample == 0u ? vec4(0.0) : imageLoad(accumulator, at);
    float depth = first_sample == 0u ? 0.0 : imageLoad(depth_sum, at).r;
    for (int i = 0; i < samples; i++) {
        Rng rng = rng_make(pixel, first_sample + uint(i), params.seed);
        vec3 o, d;
        camera_ray(pixel, rng_next2(rng), o, d);
        vec3 seen = vec3(0.0);
        float t1 = 1e30, T = 1.0;
        // Ray 0 looks, ray 1 is its shadow ray. The bound is not a constant so that the loop stays a loop.
        for (int ray = 0; ray < params.rays; ray++) {
            Collision hit = track(o, d, t1, ray > 0, T, rng);
            if (ray > 0) {
                sum.rgb += seen * T;
                break;
            }
            if (hit.t < 0.0) break;
            sum.a += 1.0;
            depth += hit.t;
            o += d * hit.t;
            vec3 wi;
            seen = scatter(o, d, hit, rng, wi, t1);
            if (max(seen.r, max(seen.g, seen.b)) <= 0.0) break;
            d = wi;
        }
    }
    imageStore(accumulator, at, sum);
    imageStore(depth_sum, at, vec4(depth));
}
