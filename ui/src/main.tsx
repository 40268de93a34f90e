import { createRoot } from 'react-dom/client';
import { STYLE } from '../../src/report/page/style.ts';
import { App } from './app.tsx';
import { LAB_STYLE } from './style.ts';

const style = document.createElement('style');
style.textContent = STYLE + LAB_STYLE;
document.head.append(style);
createRoot(document.getElementById('app')!).render(<App />);
