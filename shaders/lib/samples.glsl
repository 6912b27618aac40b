// The frame around a mode that looks along one ray a sample: camera rays in, sums on the film out.
// Included last, after `vec4 look(vec3 o, vec3 d, vec4 u, inout Aside guides)`: premultiplied radiance and coverage
// along o + t d; u random numbers.
// Needs rng.glsl, sampler.glsl, camera.glsl, film.glsl, aside.glsl, params.

layout(local_size_x = 8, local_size_y = 8) in;

uniform uint first_sample;
uniform int samples;

void main() {
    uint packed_tile = tiles[first_tile + int(gl_WorkGroupID.z)];
    ivec2 group = ivec2(packed_tile & 0xFFFFu, packed_tile >> 16u) * 2 + ivec2(gl_WorkGroupID.xy);
    ivec2 at = group * 8 + ivec2(gl_LocalInvocationID.xy);
    if (any(greaterThanEqual(at, params.window.xy))) return;
    uvec2 pixel = uvec2(at + params.picture.zw);
    Film film = film_load(at, first_sample == 0u);
    for (int i = 0; i < samples; i++) {
        uint index = first_sample + uint(i);
        Sampler points = sampler_make(pixel, index, params.seed, SAMPLER_KIND);
        vec3 o, d;
        camera_ray(pixel, sampler_next4(points), o, d);
        Aside guides = Aside(0.0, vec3(0.0), vec4(0.0), 0u);
        vec4 seen = look(o, d, sampler_next4(points), guides);
        film_add(film, seen.rgb);
        film.color.a += seen.a;
        film.moments.x += guides.depth;
        film.albedo.rgb += guides.albedo;
        film.normal += guides.normal;
        if (index == 0u && guides.label != 0u) {
            film.moments.w = float(guides.label & 0xFFFFu);
            film.albedo.a = float(guides.label >> 16u);
        }
    }
    film_store(film, at);
}
