import ajvCompiler, { type BuildCompilerFromPool, type RouteDefinition } from '@fastify/ajv-compiler';

const compilers = ajvCompiler();

/**
 * In an address all is text; in a document of JSON a text is no number, and what is answered must be what was asked. What is not
 * known is refused instead of being dropped silently.
 */
export const buildValidator: BuildCompilerFromPool = (externalSchemas) => {
  const withCoercion = (coerceTypes: boolean) =>
    compilers(externalSchemas, { customOptions: { removeAdditional: false, useDefaults: true, coerceTypes } });
  const text = withCoercion(true);
  const json = withCoercion(false);
  // the compilers' own types leave out all of a route but its schema, which is not all they are given
  return (route: unknown) => {
    const { httpPart } = route as RouteDefinition;
    return (httpPart === 'body' ? json : text)(route as RouteDefinition);
  };
};
