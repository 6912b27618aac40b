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

uniform ivec4 tile;         // x, y, width, height inside the window
uniform uint first_sample;
uniform int samples;

// Radiance that leaves the collision towards the eye.
vec3 scattered(vec3 p, vec3 d, Collision hit, inout Rng rng) {
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
    vec3 wi;
    float t_light = 1e30;
    vec3 light;   // radiance / pdf of the choice and of the direction
    bool area = u.y < params.area_probability;
    if (area) {
        light = area_light_sample(p, u.zw, wi, t_light) / params.area_probability;
        if (max(light.r, max(light.g, light.b)) <= 0.0) return vec3(0.0);
    } else if (surface) {
        wi = cosine_sample(n, u.zw);
        light = sky_radiance(wi) * (PI / (max(dot(wi, n), 1e-4) * (1.0 - params.area_probability)));
    } else {
        wi = phase_hg_sample(d, params.anisotropy, u.zw);
        light = sky_radiance(wi) / (phase_hg(dot(wi, d), params.anisotropy) * (1.0 - params.area_probability));
    }
    vec3 f;
    if (surface) {
        vec2 parts = brdf_cos(n, -d, wi, params.specular, params.roughness);
        f = albedo * parts.x + vec3(parts.y);
    } else {
        f = albedo * phase_hg(dot(wi, d), params.anisotropy);
    }
    vec3 seen = f * light;
    if (max(seen.r, max(seen.g, seen.b)) <= 0.0) return vec3(0.0);
    return seen * transmittance(p, wi, t_light, rng);
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
    for (int i = 0; i < samples; i++) {
        Rng rng = rng_make(pixel, first_sample + uint(i), params.seed);
        vec3 o, d;
        camera_ray(pixel, rng_next2(rng), o, d);
        Collision hit = first_collision(o, d, 0.0, 1e30, rng);
        if (hit.t < 0.0) continue;
        vec3 radiance = params.any_light != 0 ? scattered(o + d * hit.t, d, hit, rng) : vec3(0.0);
        sum += vec4(radiance, 1.0);
    }
    imageStore(accumulator, at, sum);
}
