// A surface: Lambert plus GGX microfacets, without Fresnel. Directions point away from the surface; n . wo > 0.
// alpha = roughness^2. Sources: Walter et al., "Microfacet Models for Refraction through Rough Surfaces", EGSR 2007,
// eq. 33 (D) and 34 (G1); the height-correlated G2 of Heitz, JCGT 3(2), 2014; visible normals: Dupuy & Benyoub, "Sampling
// Visible GGX Normals with Spherical Caps", CGF 42(8), 2023. Needs phase.glsl (PI, basis).

// Grazing views would only make fireflies.
const float LEAST_COS = 0.02;

// f_r times n . wi: x = the diffuse part for albedo 1, y = the specular part for colour 1, z = the density of
// ggx_sample. All 0 below the surface.
vec3 brdf_cos(vec3 n, vec3 wo, vec3 wi, float roughness) {
    float n_wi = dot(n, wi);
    if (n_wi <= 0.0) return vec3(0.0);
    float n_wo = max(dot(n, wo), LEAST_COS);
    float a2 = roughness * roughness * roughness * roughness;
    vec3 h = normalize(wo + wi);
    vec3 off = cross(n, h);  // its square is 1 - n_h^2 without the rounding that smooth surfaces would show
    float n_h = max(dot(n, h), 0.0);
    float q = n_h * n_h * a2 + dot(off, off);
    float D = a2 / (PI * q * q);
    float lambda_o = sqrt(n_wo * n_wo * (1.0 - a2) + a2);
    float V = 0.5 / (n_wi * lambda_o + n_wo * sqrt(n_wi * n_wi * (1.0 - a2) + a2));
    return vec3(n_wi / PI, D * V * n_wi, D * 0.5 / (n_wo + lambda_o));
}

// A direction with pdf cos / pi about n (Malley's method, pbrt-v4 section A.5.3).
vec3 cosine_sample(vec3 n, vec2 u) {
    float r = sqrt(u.x), phi = 2.0 * PI * u.y;
    vec3 s, t;
    basis(n, s, t);
    return normalize(s * (r * cos(phi)) + t * (r * sin(phi)) + n * sqrt(max(1e-6, 1.0 - u.x)));
}

// A direction mirrored at a visible microfacet; it may point below the surface. Its density is brdf_cos(...).z: with
// G1(wo) = 2 n.wo / (n.wo + lambda_o) the density D G1 / (4 n.wo) is D / (2 (n.wo + lambda_o)).
vec3 ggx_sample(vec3 n, vec3 wo, float roughness, vec2 u) {
    float alpha = roughness * roughness;
    vec3 s, t;
    basis(n, s, t);
    vec3 v = normalize(vec3(alpha * dot(wo, s), alpha * dot(wo, t), max(dot(wo, n), LEAST_COS)));
    float phi = 2.0 * PI * u.x;
    float z = (1.0 - u.y) * (1.0 + v.z) - v.z;
    float r = sqrt(clamp(1.0 - z * z, 0.0, 1.0));
    vec3 cap = vec3(r * cos(phi), r * sin(phi), z) + v;
    vec3 m = normalize(vec3(alpha * cap.xy, max(cap.z, 1e-6)));
    vec3 h = s * m.x + t * m.y + n * m.z;
    return normalize(2.0 * dot(wo, h) * h - wo);
}
