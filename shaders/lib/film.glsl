// The accumulator's images: sums over the samples of a pixel.
// color: rgb = radiance (0 where the path left the scene), a = how many paths collided.
// moments: x = distances from the eye to the first collisions (unit space), y = squared luminances, z = samples,
// w = lower 16 bits of the label that the first sample met (4 bits segmentation, 28 bits dense id).
// albedo: rgb = albedos (all lobes) of the first collisions, a = upper 16 bits of that label.
// normal: xyz = normals of the first collisions where they are surfaces (world axes), w = how many are.
// Needs colour.glsl, vertex.glsl.

layout(rgba32f, binding = 0) uniform image2D accumulator;
layout(rgba32f, binding = 1) uniform image2D moments;
layout(rgba32f, binding = 2) uniform image2D albedo_sum;
layout(rgba32f, binding = 3) uniform image2D normal_sum;
layout(std430, binding = 15) readonly buffer TileBuffer { uint tiles[]; };  // x | y << 16 of tiles of 16x16 pixels

uniform int first_tile;  // of tiles[]

struct Film { vec4 color, moments, albedo, normal; };

Film film_load(ivec2 at, bool fresh) {
    if (fresh) return Film(vec4(0.0), vec4(0.0), vec4(0.0), vec4(0.0));
    return Film(imageLoad(accumulator, at), imageLoad(moments, at), imageLoad(albedo_sum, at), imageLoad(normal_sum, at));
}

void film_store(in Film film, ivec2 at) {
    imageStore(accumulator, at, film.color);
    imageStore(moments, at, film.moments);
    imageStore(albedo_sum, at, film.albedo);
    imageStore(normal_sum, at, film.normal);
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
    float luminance = dot(radiance, vec3(0.2126, 0.7152, 0.0722));
    film.moments.yz += vec2(luminance * luminance, 1.0);
}
