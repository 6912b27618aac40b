// One dispatch adds `samples` paths to every pixel of a list of tiles: delta tracking to a collision, a surface or a phase
// function there, one light sample with a ratio-tracked shadow, and on to the next collision.
// With LOCAL_LIGHT (pictures that are to be denoised) the first collision has SHADOW_RAYS such samples.
// The accumulator holds sums over the samples of a pixel, see lib/film.glsl.
#include "lib/scene.glsl"
#include "lib/rng.glsl"
#include "lib/sampler.glsl"
#include "lib/box.glsl"
#include "lib/colour.glsl"
#include "lib/bricks.glsl"
#include "lib/transfer.glsl"
#include "lib/labels.glsl"
#include "generated/planes.glsl"
#include "lib/clip.glsl"
#include "lib/medium.glsl"
#ifdef HAS_SLICES
#include "lib/nearest.glsl"
#include "lib/unlit.glsl"
#include "lib/slices.glsl"
#endif
#include "lib/majorant.glsl"
#include "lib/tracking.glsl"
#include "lib/phase.glsl"
#include "lib/brdf.glsl"
#include "lib/vertex.glsl"
#ifdef HAS_ENVIRONMENT
#include "lib/environment.glsl"
#endif
#include "lib/light.glsl"
#include "lib/direct.glsl"
#ifdef LOCAL_LIGHT
#include "lib/unshadowed.glsl"
#endif
#include "lib/camera.glsl"
#include "lib/film.glsl"

layout(local_size_x = 8, local_size_y = 8) in;
layout(r32f, binding = 4) uniform readonly image2D nearest;  // by group of 8x8 pixels: no matter in front of this; see near.comp

uniform uint first_sample;
uniform int samples;

// As far away as the sky counts, unit space.
const float FARTHEST = 100.0;
// From the third event on paths end by chance.
const int ROULETTE_FROM = 3;

#if MIXING == 2
// Where channels overlap their colours add up as light does: red and green make yellow, not a mixture of both.
vec3 added_albedo(Collision hit, vec3 g) {
    vec3 sum = vec3(0.0);
    float most = 0.0;
    int first = volumes[hit.volume].bricks.w;
    for (int c = first; c < first + volumes[hit.volume].cells.w; c++) {
        if (channels[c].weight <= 0.0) continue;
        float texel;
        float opacity = channel_opacity(hit.volume, c, g, texel);
        sum += opacity * albedo_at(c, texel);
        most = max(most, opacity);
    }
    return min(sum / max(most, 1e-6), 1.0);
}
#endif

#ifdef LOCAL_LIGHT
// Of the SHADOW_RAYS with which a first collision asks for light: the part of the k-th. Each light gets its share of them,
// each on points of its own (steps of a lattice: Roberts, "The unreasonable effectiveness of quasirandom sequences", 2018).
vec3 direct_share(in Vertex x, vec3 p, vec3 wo, vec4 u, int k, out vec3 wi, out float t) {
    vec3 step_ = vec3(0.8191725, 0.6710436, 0.5497005);
    u = vec4((u.x + float(k)) / float(SHADOW_RAYS), fract(u.yzw + float(k) * step_));
    return direct_light(x, p, wo, u, wi, t) / float(SHADOW_RAYS);
}
#endif

// Lights that are seen directly: the nearest one along the ray, or t = 1e30.
LightSample light_in_sight(vec3 o, vec3 d) {
    LightSample nearest_light = LightSample(d, 1e30, vec3(0.0), 0.0);
    if ((params.backdrop & 2) == 0) return nearest_light;
    for (int i = 0; i < params.light_count; i++) {
        if (lights[i].seen == 0) continue;
        LightSample s = light_towards(i, o, d);
        if (s.pdf > 0.0 && s.t < nearest_light.t) nearest_light = s;
    }
    return nearest_light;
}

#ifdef HAS_SLICES
// The first slice along the ray that stops it, by chance as often as it is opaque: it takes the place of what is behind.
void stop_at_slice(vec3 o, vec3 d, inout Rng rng, inout LightSample behind) {
    float t = 0.0;
    for (int i = 0; i < scene_planes.slice_count; i++) {
        vec4 rgba;
        if (!slice_hit(o, d, t, behind.t, t, rgba)) return;
        if (rng_next(rng) < rgba.a) {
            behind = LightSample(d, t, rgba.rgb / rgba.a, 1.0);
            return;
        }
    }
}
#endif

// What happens at a collision; `u` chooses between surface and phase function.
Vertex vertex_at(vec3 p, vec3 d, Collision hit, float u) {
    vec3 g = grid_from_unit(hit.volume, p);
#ifdef PAGED
    place_resume(hit.volume, hit.place);
#endif
    Vertex x;
    x.surface = false;
    x.n = vec3(0.0);
    x.diffuse = albedo_at(hit.channel, hit.texel);
#if MIXING == 2
    x.diffuse = added_albedo(hit, g);
#endif
    x.specular = vec3(0.0);
    x.roughness = channels[hit.channel].specular.a;
    x.g = params.anisotropy;
    x.lobe = 0.0;
    if (params.shading_mode == 2) return x;
    vec3 gradient = opacity_gradient(hit.volume, hit.channel, g, hit.texel);
    float steep = length(gradient);
    x.surface = steep > 1e-6;
    if (!x.surface) return x;
    x.n = gradient / -steep;
    if (dot(x.n, d) > 0.0) x.n = -x.n;
    // How sure we are of a surface: by the change of opacity over one voxel.
    float change = steep * voxel_edge(hit.volume);
    if (params.shading_mode == 0) x.surface = u < 1.0 - exp(-25.0 * params.gradient_factor * change);
    if (x.surface) {
        x.diffuse *= channels[hit.channel].emission.a;
        x.specular = channels[hit.channel].specular.rgb;
        x.lobe = specular_share(x.diffuse, x.specular);
    }
    return x;
}

// Which segmentation (4 bits) and which dense id in it (28 bits); 0: no label.
uint label_of_hit(Collision hit) {
#ifdef HAS_LABELS
    if (STORAGE_OF(hit.channel) == 2) return floatBitsToUint(hit.texel) | uint(volumes[hit.volume].size.w - 1) << 28u;
#endif
    return 0u;
}

// Firefly control: a path's contribution is scaled down to the limit, keeping its hue.
vec3 limited(vec3 radiance) {
    float peak = max(radiance.r, max(radiance.g, radiance.b));
    return peak > params.firefly_limit ? radiance * (params.firefly_limit / peak) : radiance;
}

void main() {
    uint packed_tile = tiles[first_tile + int(gl_WorkGroupID.z)];
    ivec2 group = ivec2(packed_tile & 0xFFFFu, packed_tile >> 16u) * 2 + ivec2(gl_WorkGroupID.xy);
    ivec2 at = group * 8 + ivec2(gl_LocalInvocationID.xy);
    if (any(greaterThanEqual(at, params.window.xy))) return;
    float near = imageLoad(nearest, group).r;
    uvec2 pixel = uvec2(at + params.picture.zw);
    Film film = film_load(at, first_sample == 0u);
#ifndef HAS_SLICES
    if (near > 1e29 && params.backdrop == 0) {
        film.moments.z += float(samples);
        film_store(film, at);
        return;
    }
#endif
    // One sample after the other is added to the sum so far, so that its rounding does not depend on how many samples a
    // dispatch takes.
    for (int i = 0; i < samples; i++) {
        uint index = first_sample + uint(i);
        Sampler points = sampler_make(pixel, index, params.seed, SAMPLER_KIND);
        Rng rng = rng_make(pixel, index, params.seed);
        vec3 o, d;
        camera_ray(pixel, sampler_next4(points), o, d);
        vec3 beta = vec3(1.0), radiance = vec3(0.0), waiting = vec3(0.0), onward = d;
        LightSample behind = light_in_sight(o, d);
#ifdef HAS_SLICES
        stop_at_slice(o, d, rng, behind);
#endif
        float t0 = near, t1 = behind.t;
        bool shadow = false;
        int events = 0;
#ifdef LOCAL_LIGHT
        Vertex first;
        vec3 wo = -d;
        vec4 asking = vec4(0.0);
        int asked = SHADOW_RAYS;
#endif
        // A path looks and asks for light in turn. The bound is not a constant so that the loop stays a loop.
        for (int ray = 0; ray < params.rays; ray++) {
            vec4 u = sampler_next4(points);
            float T = 1.0;
#ifdef PAGED
            here_first = events == 0 && !shadow;
#endif
            Collision hit = track(o, d, t0, t1, shadow, u.x, T, rng);
            t0 = 0.0;
            if (shadow) {
                radiance += limited(waiting * T);
                shadow = false;
#ifdef LOCAL_LIGHT
                while (asked < SHADOW_RAYS && !shadow) {
                    waiting = direct_share(first, o, wo, asking, asked++, d, t1);
                    shadow = max(waiting.r, max(waiting.g, waiting.b)) > 0.0;
                }
                if (shadow) continue;
#endif
                d = onward;
                t1 = 1e30;
                if (max(beta.r, max(beta.g, beta.b)) <= 0.0) break;
                continue;
            }
            if (hit.t < 0.0) {
                bool light = behind.t < 1e30;
                if (events > 0 || !(light || (params.backdrop & 1) != 0)) break;
                radiance = light ? behind.radiance : sky_radiance(d);
                film_backdrop(film, min(behind.t, FARTHEST), radiance);
#ifdef LOCAL_LIGHT
                film.local.rgb += radiance;
#endif
                break;
            }
            Vertex x = vertex_at(o + d * hit.t, d, hit, u.y);
            o += d * hit.t;
            if (events == 0) {
                film_hit(film, hit.t, x, index == 0u ? label_of_hit(hit) : 0u);
#ifdef LOCAL_LIGHT
                film.local.rgb += channels[hit.channel].emission.rgb + unshadowed(x, o, d);
#endif
            }
            events++;
            radiance += limited(beta * channels[hit.channel].emission.rgb);
            vec3 wi;
#ifdef LOCAL_LIGHT
            vec4 w = sampler_next4(points);
            if (events == 1) {
                first = x;
                asking = w;
                waiting = vec3(0.0);
                for (asked = 0; asked < SHADOW_RAYS && max(waiting.r, max(waiting.g, waiting.b)) <= 0.0; asked++)
                    waiting = direct_share(x, o, wo, asking, asked, wi, t1);
            } else waiting = beta * direct_light(x, o, -d, w, wi, t1);
#else
            waiting = beta * direct_light(x, o, -d, sampler_next4(points), wi, t1);
#endif
            if (events >= params.scatterings) beta = vec3(0.0);
            else {
                vec4 v = sampler_next4(points);
                onward = vertex_sample(x, -d, v.xyz);
                vec4 f = vertex_eval(x, -d, onward);
                beta *= f.a > 0.0 ? f.rgb / f.a : vec3(0.0);
                float most = max(beta.r, max(beta.g, beta.b));
                if (events >= ROULETTE_FROM && most < 1.0) beta *= v.w < most ? 1.0 / most : 0.0;
            }
            shadow = max(waiting.r, max(waiting.g, waiting.b)) > 0.0;
            if (shadow) d = wi;
            else {
                d = onward;
                t1 = 1e30;
                if (max(beta.r, max(beta.g, beta.b)) <= 0.0) break;
            }
        }
        film_add(film, radiance);
    }
    film_store(film, at);
}
