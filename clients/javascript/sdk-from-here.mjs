// Lets a program outside this folder import the SDK that is installed here:
//
//   node --import ./clients/javascript/sdk-from-here.mjs examples/user-management.mjs

import { register } from "node:module";

const HERE = JSON.stringify(import.meta.url);

register(
  `data:text/javascript,${encodeURIComponent(`
    export const resolve = (specifier, context, next) =>
      next(specifier, specifier.startsWith("@aws-sdk/") && !context.parentURL?.includes("/node_modules/")
        ? { ...context, parentURL: ${HERE} }
        : context);
  `)}`,
);
