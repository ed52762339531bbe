"""What is said of files that came with a question."""

from typing import Final

from bot.rendering.phrases import Phrase

FILE_TOO_LARGE: Final = Phrase(
    en="{name} is larger than {most} MB, so this answer is without it.",
    de="{name} ist größer als {most} MB; diese Antwort kommt ohne die Datei aus.",
    fr="{name} dépasse {most} Mo ; cette réponse est donnée sans ce fichier.",
    es="{name} supera los {most} MB; esta respuesta es sin ese archivo.",
)
FILE_KIND: Final = Phrase(
    en="I cannot read files such as {name}. Text, PDF, Word, PowerPoint, Excel, CSV and code "
    "will do.",
    de="Dateien wie {name} kann ich nicht lesen. Text, PDF, Word, PowerPoint, Excel, CSV und "
    "Code gehen.",
    fr="Je ne sais pas lire un fichier comme {name}. Texte, PDF, Word, PowerPoint, Excel, CSV et "
    "code conviennent.",
    es="No sé leer archivos como {name}. Sirven texto, PDF, Word, PowerPoint, Excel, CSV y código.",
)
FILE_UNREADABLE: Final = Phrase(
    en="I could not read {name}: it may be broken, protected, or without any text.",
    de="Ich konnte {name} nicht lesen: vielleicht beschädigt, geschützt oder ohne Text.",
    fr="Je n'ai pas pu lire {name} : fichier abîmé, protégé ou sans texte, peut-être.",
    es="No he podido leer {name}: quizá esté dañado, protegido o sin texto.",
)
FILE_WITHHELD: Final = Phrase(
    en="I was not given {name}, so this answer is without it.",
    de="{name} wurde mir nicht herausgegeben; diese Antwort kommt ohne die Datei aus.",
    fr="{name} ne m'a pas été remis ; cette réponse est donnée sans ce fichier.",
    es="No me han entregado {name}; esta respuesta es sin ese archivo.",
)
FILES_TOO_MANY: Final = Phrase(
    en="I read the first {count} files only.",
    de="Ich habe nur die ersten {count} Dateien gelesen.",
    fr="Je n'ai lu que les {count} premiers fichiers.",
    es="Solo he leído los primeros {count} archivos.",
)
FILE_WITHOUT_QUESTION: Final = Phrase(
    en="What do you want to know about {names}? Send it again together with your question.",
    de="Was möchtest du über {names} wissen? Schick es bitte noch einmal mit deiner Frage.",
    fr="Que voulez-vous savoir sur {names} ? Renvoyez le fichier avec votre question.",
    es="¿Qué quieres saber de {names}? Envíalo otra vez junto con tu pregunta.",
)
