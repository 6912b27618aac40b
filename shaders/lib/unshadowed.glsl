// Light without shadows, and without noise: from the middle of each light, and the sky's radiance along the normal and
// along the mirrored ray for all of its light. Needs vertex.glsl, light.glsl, params.

// Radiance of the vertex x at p towards -d.
vec3 unshadowed(in Vertex x, vec3 p, vec3 d) {
    vec3 sum = vec3(0.0);
    for (int i = 0; i < params.light_count; i++) {
        LightSample s = light_sample(i, p, vec2(lights[i].kind == LIGHT_RECTANGLE ? 0.5 : 0.0));
        if (s.pdf > 0.0) sum += vertex_eval(x, -d, s.wi).rgb * s.radiance / s.pdf;
    }
    if (x.surface) return sum + x.diffuse * sky_radiance(x.n) + x.specular * sky_radiance(reflect(d, x.n));
    return sum + x.diffuse * 0.5 * (sky_radiance(d) + sky_radiance(-d));
}

// A vertex of channel c: a surface with normal n, or (n = 0) a medium.
Vertex vertex_of(int c, vec3 albedo, vec3 n) {
    bool surface = dot(n, n) > 0.0;
    float share = surface ? channels[c].emission.a : 1.0;
    vec3 specular = surface ? channels[c].specular.rgb : vec3(0.0);
    return Vertex(surface, n, albedo * share, specular, channels[c].specular.a, params.anisotropy, 0.0);
}
