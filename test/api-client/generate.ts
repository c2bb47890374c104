import openapiTS, { astToString } from 'openapi-typescript';

/** The types of the API as somebody gets them who points the generator at `/openapi.json`. */
export async function generateTypes(document: object): Promise<string> {
  const nodes = await openapiTS(JSON.stringify(document));
  return `// Made from /openapi.json by openapi-typescript (\`npm run golden\`). Do not edit.\n\n${astToString(nodes)}`;
}
