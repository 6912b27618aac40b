// The frame around a mode that looks along one ray a sample: camera rays in, sums in the accumulator out.
// Included last, after `vec4 look(vec3 o, vec3 d, vec4 u, out float depth)`: premultiplied radiance and coverage along
// o + t d, u random numbers, depth the distance to what is seen times the coverage.
// Needs rng.glsl, camera.glsl, params.

layout(local_size_x = 8, local_size_y = 8) in;
layout(rgba32f, binding = 0) uniform image2D accumulator;
layout(r32f, binding = 1) uniform image2D depth_sum;  // distances from the eye to what is seen, unit space

uniform ivec4 tile;         // x, y, width, height inside the window
uniform uint first_sample;
uniform int samples;

void main() {
    ivec2 in_tile = ivec2(gl_GlobalInvocationID.xy);
    if (any(greaterThanEqual(in_tile, tile.zw))) return;
    ivec2 at = tile.xy + in_tile;
    if (any(greaterThanEqual(at, params.window.xy))) return;
    uvec2 pixel = uvec2(at + params.picture.zw);
    vec4 sum = first_sample == 0u ? vec4(0.0) : imageLoad(accumulator, at);
    float depth_total = first_sample == 0u ? 0.0 : imageLoad(depth_sum, at).r;
    for (int i = 0; i < samples; i++) {
        Rng rng = rng_make(pixel, first_sample + uint(i), params.seed);
        vec4 u = rng_next4(rng);
        vec3 o, d;
        camera_ray(pixel, u.xy, o, d);
        float depth;
        sum += look(o, d, rng_next4(rng), depth);
        depth_total += depth;
    }
    imageStore(accumulator, at, sum);
    imageStore(depth_sum, at, vec4(depth_total));
}
