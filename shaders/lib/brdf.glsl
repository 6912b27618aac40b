// A surface: Lambert plus GGX microfacets, without Fresnel. Directions point away from the surface; n . wo > 0.
// alpha = roughness^2. Source: Walter et al., "Microfacet Models for Refraction through Rough Surfaces", EGSR 2007,
// eq. 33 (D) and 34 (G1); the height-correlated G2 of Heitz, JCGT 3(2), 2014.

// f_r times n . wi, for albedo 1: x = the diffuse part, y = the specular part.
vec2 brdf_cos(vec3 n, vec3 wo, vec3 wi, float specular, float roughness) {
    float n_wi = dot(n, wi);
    if (n_wi <= 0.0) return vec2(0.0);
    float n_wo = max(dot(n, wo), 0.02);  // grazing views would only make fireflies
    float a2 = roughness * roughness * roughness * roughness;
    vec3 h = normalize(wo + wi);
    vec3 off = cross(n, h);  // its square is 1 - n_h^2 without the rounding that smooth surfaces would show
    float n_h = max(dot(n, h), 0.0);
    float q = n_h * n_h * a2 + dot(off, off);
    float D = a2 / (PI * q * q);
    float V = 0.5 / (n_wi * sqrt(n_wo * n_wo * (1.0 - a2) + a2) + n_wo * sqrt(n_wi * n_wi * (1.0 - a2) + a2));
    return vec2((1.0 - specular) / PI, specular * D * V) * n_wi;
}

// A direction with pdf cos / pi about n (Malley's method, pbrt-v4 section A.5.3).
vec3 cosine_sample(vec3 n, vec2 u) {
    float r = sqrt(u.x), phi = 2.0 * PI * u.y;
    vec3 s, t;
    basis(n, s, t);
    return normalize(s * (r * cos(phi)) + t * (r * sin(phi)) + n * sqrt(max(1e-6, 1.0 - u.x)));
}
