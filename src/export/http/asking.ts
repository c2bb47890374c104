/** What requests that change something have in common. */
import { Type } from 'typebox';
import { readScope } from './schemas.ts';

export const operateScope = { ...readScope, note: 'Over TCP this needs a token of scope operate.' };

export const said = {
  author: Type.Optional(
    Type.String({ minLength: 1, maxLength: 200, description: 'who asks; how they are let in unless given' }),
  ),
  reason: Type.Optional(Type.String({ maxLength: 2000 })),
};

/** A request without a body says nothing more than what it asks for. */
export async function emptyBody(request: { body: unknown }): Promise<void> {
  if (request.body === undefined || request.body === null) request.body = {};
}
