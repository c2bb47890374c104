import { Type } from 'typebox';
import type { HttpRoute } from './route.ts';
import { problems } from './schemas.ts';

/** The description of this API, made when somebody asks, so that an idle agent stays small. */
export const openapiRoute: HttpRoute = {
  name: 'openapi',
  register(app, { documentation }) {
    app.get(
      '/openapi.json',
      {
        schema: {
          operationId: 'getOpenApi',
          summary: 'This API as an OpenAPI 3.1 document',
          tags: ['agent'],
          response: { 200: Type.Record(Type.String(), Type.Unknown()), ...problems },
        },
      },
      () => documentation.describe(),
    );
  },
};
