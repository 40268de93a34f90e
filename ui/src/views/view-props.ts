import type { Client } from '../client.ts';
import type { Fields, View } from '../link.ts';

/** What a view gets: the fields of the link, a way to change them, and the worker. */
export interface ViewProps {
  readonly fields: Fields;
  /** Changes fields; an empty text leaves one out. `push`: a new entry of the history. */
  readonly set: (changes: Fields, push?: boolean) => void;
  readonly go: (view: View, fields: Fields) => void;
  readonly client: Client;
}
