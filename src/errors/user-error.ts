/**
 * What a user can cause: by a file, an option, a design, a program of their own. The message says in one line all there is to
 * say. The command line prints it and exits with status 2; whatever else is thrown is a defect of ours.
 */
export class UserError extends Error {
  override readonly name: string = 'UserError';
}
