// The accumulator's images: sums over the samples of a pixel.
// color: rgb = radiance (0 where the path left the scene), a = how many paths collided.
// moments: x = distances from where rays begin to the first collisions (unit space), y = squared luminances, z = samples,
// w = lower 16 bits of the label that the first sample met (4 bits segmentation, 28 bits dense id).
// albedo: rgb = albedos (all lobes) of the first collisions, a = upper 16 bits of that label.
// normal: xyz = normals of the first collisions where they are surfaces (world axes), w = how many are.
// local, with LOCAL_LIGHT: rgb = what the first collisions would send without shadows and further scattering
// (lib/unshadowed.glsl), and what shines by itself; but for the sky its mean is the picture of march.comp.
// Needs colour.glsl, vertex.glsl.

layout(rgba32f, binding = 0) uniform image2D accumulator;
layout(rgba32f, binding = 1) uniform image2D moments;
layout(rgba32f, binding = 2) uniform image2D albedo_sum;
layout(rgba32f, binding = 3) uniform image2D normal_sum;
#ifdef LOCAL_LIGHT
layout(rgba32f, binding = 5) uniform image2D local_sum;
#endif
layout(std430, binding = 15) readonly buffer TileBuffer { uint tiles[]; };  // x | y << 16 of tiles of 16x16 pixels

uniform int first_tile;  // of tiles[]

struct Film {
    vec4 color, moments, albedo, normal;
#ifdef LOCAL_LIGHT
    vec4 local;
#endif
};

Film film_load(ivec2 at, bool fresh) {
    Film film;
    film.color = fresh ? vec4(0.0) : imageLoad(accumulator, at);
    film.moments = fresh ? vec4(0.0) : imageLoad(moments, at);
    film.albedo = fresh ? vec4(0.0) : imageLoad(albedo_sum, at);
    film.normal = fresh ? vec4(0.0) : imageLoad(normal_sum, at);
#ifdef LOCAL_LIGHT
    film.local = fresh ? vec4(0.0) : imageLoad(local_sum, at);
#endif
    return film;
}

void film_store(in Film film, ivec2 at) {
    imageStore(accumulator, at, film.color);
    imageStore(moments, at, film.moments);
    imageStore(albedo_sum, at, film.albedo);
    imageStore(normal_sum, at, film.normal);
#ifdef LOCAL_LIGHT
    imageStore(local_sum, at, film.local);
#endif
}

// The first collision of a path.
void film_hit(inout Film film, float t, in Vertex x, uint label) {
    film.color.a += 1.0;
    film.moments.x += t;
    film.albedo.rgb += x.diffuse + x.specular;
    if (x.surface) film.normal += vec4(x.n, 1.0);
    if (label != 0u) {
        film.moments.w = float(label & 0xFFFFu);
        film.albedo.a = float(label >> 16u);
    }
}

// Something that shines by itself is seen: a light, the sky, or a slice. For denoisers its colour is its albedo.
void film_backdrop(inout Film film, float t, vec3 radiance) {
    film.color.a += 1.0;
    film.moments.x += t;
    film.albedo.rgb += min(radiance, 1.0);
}

void film_add(inout Film film, vec3 radiance) {
    film.color.rgb += radiance;
    float luminance = min(dot(radiance, vec3(0.2126, 0.7152, 0.0722)), 1e15);  // sums of squares stay finite
    film.moments.yz += vec2(luminance * luminance, 1.0);
}
